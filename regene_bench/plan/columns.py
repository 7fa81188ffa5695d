"""Whose numbers stand in a column: a metric's name, options and columns are its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from regene_bench.base.errors import PluginError
from regene_bench.evaluation.metric import Column, Metric
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost

_OPTIONS = ("extractor", "reference")
# no brackets, commas or blanks, which select and caption columns; no two letters that look alike
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]*")


def check_metric(entry: Entry, kind: type[Metric]) -> None:
    """Hold a metric to what leaderboards tell its numbers apart by.

    Args:
        entry: Where it was registered.
        kind: Its class.

    Raises:
        PluginError: It has an option that no row tells of, or a column without a proper name.
    """
    what = f"The metric {entry.name!r} of {entry.distribution}"
    options = [name for name in kind.Config.model_fields if name not in _OPTIONS]
    if options:
        raise PluginError(
            f"{what} has the option {options[0]!r}. Rows of results tell of extractor and "
            "reference alone, so scores of other options would be averaged as if they were one.",
            hint="Its author is to make it a constant, or a metric with columns of its own.",
        )
    columns = getattr(kind, "columns", None)
    if not isinstance(columns, Sequence) or not columns or isinstance(columns, str):
        raise PluginError(
            f"{what} declares no columns.",
            hint='Its author is to write columns = (Column("name", "lower"),).',
        )
    seen: dict[str, str] = {}
    for column in columns:
        name = column.name if isinstance(column, Column) else column
        if not isinstance(column, Column) or not isinstance(name, str) or not _NAME.fullmatch(name):
            raise PluginError(
                f"{what} declares the column {name!r}.",
                hint="Its author is to give Columns whose names are made of letters, digits and "
                "'_.+-', a letter first.",
            )
        other = seen.get(_as_read(name))
        if other is not None:
            raise PluginError(
                f"{what} declares the columns {other!r} and {name!r}, which readers take for one.",
                hint="Its author is to name one otherwise.",
            )
        seen[_as_read(name)] = name


def refuse_borrowed_columns(host: PluginHost, entry: Entry) -> None:
    """Refuse a metric under whose scores people would read another's.

    Leaderboards know a score by its column. Metrics of one distribution may share one, as ``fd``
    and ``fd_efficientnet_lite0`` do; no distribution may take a column of ours, nor two the same,
    be it in other letters (``FID``).

    Args:
        host: Knows all metrics.
        entry: The metric that is asked for.

    Raises:
        PluginError: It reports a column that another distribution's reports.
    """
    # what is ours is not imported for nothing
    if entry.is_our_own:
        return
    own = _columns_of(entry)
    for other in host.entries("metric"):
        if other.distribution == entry.distribution:
            continue
        theirs = _columns_of(other)
        both = sorted(own.keys() & theirs.keys())
        if both:
            raise PluginError(
                f"The metric {entry.name!r} of {entry.distribution} reports the column "
                f"{own[both[0]]!r}, as {other.name!r} of {other.distribution} does"
                f"{'' if own[both[0]] == theirs[both[0]] else f' ({theirs[both[0]]!r})'}.",
                hint="Its author is to name it otherwise; leave it out until then.",
            )


def _columns_of(entry: Entry) -> dict[str, str]:
    """A metric's columns, by how they are read; none where it is not fit for use."""
    with suppress(PluginError):
        kind = entry.load()
        check_metric(entry, kind)
        return {_as_read(column.name): column.name for column in kind.columns}
    return {}


def _as_read(name: str) -> str:
    """A column's name as somebody remembers it: without capitals, dashes and dots."""
    return re.sub(r"[_.+-]+", "_", name).casefold()
