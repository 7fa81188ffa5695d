"""What a board is ranked by: a metric, and which of its columns where it has several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from regene_bench.base.errors import UsageError, did_you_mean
from regene_bench.leaderboard.board import BoardColumn
from regene_bench.plan.selection import parse_selections

_COLUMN_OF_OPTION = {"extractor": "extractor_id", "reference": "reference_split"}


@dataclass(frozen=True)
class RankBy:
    """A metric's column as a user names it: ``fd``, or ``fd[extractor=inception]``.

    Attributes:
        metric: Name of the column of numbers.
        convention: What a board's column must have, by the names of ``aggregate.CONVENTION``; empty
            if any will do.
    """

    metric: str
    convention: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> RankBy:
        """Read ``metric`` or ``metric[extractor=NAME,reference=SPLIT]``.

        Raises:
            UsageError: It has another form, or another option.
        """
        selections = parse_selections(text)
        hint = "Write METRIC, or METRIC[extractor=NAME]; reference=SPLIT is the other option."
        if len(selections) != 1 or len(selections[0].grid) != 1:
            raise UsageError(f"Cannot rank by {text!r}: one column ranks.", hint=hint)
        (options,) = selections[0].grid
        for name in options:
            if name not in _COLUMN_OF_OPTION:
                raise UsageError(f"Cannot rank by {text!r}: it has no option {name!r}.", hint=hint)
        convention = {_COLUMN_OF_OPTION[name]: str(value) for name, value in options.items()}
        return cls(selections[0].name, convention)

    def means(self, metric: str, convention: Mapping[str, Any]) -> bool:
        """Tell whether a column of this metric and convention is meant."""
        agrees = all(convention.get(name) == value for name, value in self.convention.items())
        return metric == self.metric and agrees

    def __str__(self) -> str:
        return _written(self.metric, self.convention)


def not_found(rank_by: RankBy, columns: Iterable[BoardColumn]) -> UsageError:
    """Say why none of some columns ranks, and which could."""
    columns = list(columns)
    able = [column for column in columns if column.direction != "none"]
    own = {_written(c.metric, c.convention) for c in able if c.metric == rank_by.metric}
    if own:
        return UsageError(
            f"There is no column {str(rank_by)!r} on these boards.",
            hint=f"{rank_by.metric} is there as {' and '.join(sorted(own))}.",
        )
    directionless = any(column.metric == rank_by.metric for column in columns)
    reason = "has no better direction" if directionless else "is not on these boards"
    known = {column.metric for column in able}
    return UsageError(
        f"The metric {rank_by.metric!r} {reason}.", hint=did_you_mean(rank_by.metric, known)
    )


def _written(metric: str, convention: Mapping[str, Any]) -> str:
    given = {option: convention.get(name) for option, name in _COLUMN_OF_OPTION.items()}
    words = [f"{option}={value}" for option, value in given.items() if value is not None]
    return f"{metric}[{','.join(words)}]" if words else metric
