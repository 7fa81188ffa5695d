"""Numbers from the literature, as tables of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from regene_bench.base.text import printable
from regene_bench.leaderboard.formatting import number
from regene_bench.plan.reported import ReportedNumber


@dataclass(frozen=True)
class ReportedRow:
    """One number as a paper prints it."""

    method: str
    metric: str
    class_name: str
    text: str
    n: str
    where: str
    note: str


@dataclass(frozen=True)
class ReportedView:
    """All that one paper reports on a benchmark."""

    source: str
    rows: tuple[ReportedRow, ...]


def reported_views(numbers: Sequence[ReportedNumber]) -> list[ReportedView]:
    """Sort numbers by their paper; totals stand before numbers of one class."""
    papers: dict[str, list[ReportedNumber]] = {}
    for one in numbers:
        papers.setdefault(one.source, []).append(one)
    return [
        ReportedView(
            printable(source), tuple(map(_row, sorted(own, key=lambda n: n.class_name is not None)))
        )
        for source, own in papers.items()
    ]


def _row(one: ReportedNumber) -> ReportedRow:
    spread = "" if one.std is None else f" ± {number(one.std)}"
    return ReportedRow(
        method=printable(one.method),
        metric=printable(one.metric),
        class_name=printable(one.class_name or ""),
        text=f"{one.value:g}{spread}",
        n="" if one.n is None else str(one.n),
        where=printable(one.where),
        note=printable(one.note),
    )
