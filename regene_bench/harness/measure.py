"""All metrics of one run, each in isolation: a metric that cannot be had is a row that says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from regene_bench.base.errors import MethodError, TooFewImagesError, UnavailableError
from regene_bench.base.guard import NOT_A_FAULT
from regene_bench.base.text import text_of, type_of
from regene_bench.evaluation.evaluation import Evaluation, names_looked_up_as
from regene_bench.evaluation.metric import Metric, NamedMetric, Score, Skipped
from regene_bench.harness.score_rows import empty_row, row_of
from regene_bench.harness.shared_data import SharedData, wrote_into
from regene_bench.leaderboard.record import ScoreRow, ScoreStatus
from regene_bench.runtime.process_state import kept_process_state

_SHARED = "SharedStateError"


def measure_all(
    metrics: Sequence[NamedMetric], evaluation: Evaluation, shared: SharedData | None = None
) -> tuple[ScoreRow, ...]:
    """Measure every metric on one run's images.

    No metric can end the others: one that asks for what the model cannot do, or for more images,
    is a ``skipped`` row, one whose extractor is not to be had an ``unavailable`` one, one that
    raises a ``failed`` one. So is one that writes into what it shares with others, which is put
    right before the next.

    Args:
        metrics: What to measure.
        evaluation: The model, its images, and the real images to compare with.
        shared: The benchmark's data, where other runs or calls see them, too.

    Returns:
        The scores, in the order of the metrics; every column of each has a row at least.

    Raises:
        Interrupted: A stop was asked for.
    """
    rows: list[ScoreRow] = []
    for named in metrics:
        evaluation.runtime.stop.check()
        with kept_process_state(), names_looked_up_as(evaluation, named.spellings):
            found: Sequence[ScoreRow] = _measure(named, evaluation)
        changed = (*evaluation.restore(), *(shared.restore() if shared else ()))
        if changed:
            found = failed_scores([named], _SHARED, f"measure {wrote_into(changed)}")
        rows += found
    return tuple(rows)


def failed_scores(metrics: Sequence[NamedMetric], kind: str, text: str) -> tuple[ScoreRow, ...]:
    """Rows of metrics that nobody got to measure.

    Args:
        metrics: What was to be measured.
        kind: The type of the error.
        text: What to say of each.
    """
    return tuple(
        empty_row(named.metric, column, "failed", kind, f"{named.name}: {text}")
        for named in metrics
        for column in named.metric.columns
    )


def _measure(named: NamedMetric, evaluation: Evaluation) -> list[ScoreRow]:
    metric = named.metric
    columns = {column.name: column for column in metric.columns}
    try:
        missing = [word for word in metric.requires if not evaluation.can(word)]
        if missing:
            return _empty_rows(metric, "skipped", "Capability", _what_is_missing(missing))
        rows = [row_of(metric, columns, found) for found in _given(metric, evaluation)]
        _refuse_twins(rows)
    except UnavailableError as error:
        return _empty_rows(metric, "unavailable", "UnavailableError", text_of(error))
    except TooFewImagesError as error:
        text = f"{named.name}: {text_of(error)}"
        return _empty_rows(metric, "skipped", "TooFewImagesError", text)
    except NOT_A_FAULT:
        raise
    except BaseException as error:  # SystemExit, CancelledError, …: no metric ends the others
        return list(failed_scores([named], type_of(error), text_of(error)))
    given = {row.metric for row in rows}
    silent = [column for column in metric.columns if column.name not in given]
    text = f"{named.name} has no such score for these samples"
    return rows + [empty_row(metric, column, "skipped", "NotApplicable", text) for column in silent]


def _given(metric: Metric, evaluation: Evaluation) -> Iterable[Score | Skipped]:
    """What a metric hands over; a single score is taken for what it is."""
    found = metric.measure(evaluation)
    if isinstance(found, Score | Skipped):
        return (found,)
    if not isinstance(found, Iterable):
        raise MethodError(
            f"measure gave a {type(found).__name__}, no scores.",
            hint="Write yield Score(...), or return a list of them.",
        )
    return found


def _empty_rows(metric: Metric, status: ScoreStatus, kind: str, text: str) -> list[ScoreRow]:
    return [empty_row(metric, column, status, kind, text) for column in metric.columns]


def _refuse_twins(rows: Sequence[ScoreRow]) -> None:
    """Refuse two scores of one measure, which a leaderboard would average as if of two seeds."""
    seen = Counter(
        (row.metric, row.class_name, row.extractor_id, row.reference_split) for row in rows
    )
    for (name, class_name, extractor, split), count in seen.items():
        if count > 1:
            of = ", ".join(word for word in (class_name, extractor, split) if word is not None)
            raise MethodError(
                f"measure gave {count} scores for {name}{f' ({of})' if of else ''}.",
                hint="Yield one, or give each a column of its own.",
            )


def _what_is_missing(words: Sequence[str]) -> str:
    cannot = [word for word in words if word != "labels"]
    reasons = [f"the model cannot {' and '.join(cannot)}"] if cannot else []
    return " and ".join(reasons + (["the samples have no labels"] if "labels" in words else []))
