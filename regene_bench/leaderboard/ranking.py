"""From the table to boards: lines of one cohort, ranked by one measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from operator import itemgetter
from typing import Any

import pyarrow as pa

from regene_bench.base.errors import PluginError
from regene_bench.data.class_names import natural_key
from regene_bench.leaderboard import aggregate
from regene_bench.leaderboard.aggregate import COHORT, COSTS, LINE, MEASURE, Key, Statistic
from regene_bench.leaderboard.board import Board, BoardColumn, FailedRun, Line, Missing
from regene_bench.leaderboard.directions import SortKey, sort_key_of
from regene_bench.leaderboard.grouping import records
from regene_bench.leaderboard.rank_by import RankBy, not_found
from regene_bench.leaderboard.rank_ranges import rank_ranges
from regene_bench.leaderboard.record import EXTERNAL
from regene_bench.leaderboard.short_names import column_labels, line_labels
from regene_bench.plugins.entries import OWN_DISTRIBUTION
from regene_bench.plugins.host import PluginHost, load_plugins

_cohort_of: Callable[[Mapping[str, Any]], Key] = itemgetter(*COHORT)
_line_of: Callable[[Mapping[str, Any]], Key] = itemgetter(*LINE)
_measure_of: Callable[[Mapping[str, Any]], Key] = itemgetter(*MEASURE)


@dataclass
class _Cohort:
    lines: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    missing: list[dict[str, Any]] = field(default_factory=list)
    failed: list[FailedRun] = field(default_factory=list)
    failed_lines: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def make_boards(table: pa.Table, rank_by: str | Mapping[str, str] | None = None) -> list[Board]:
    """Rank every cohort of a leaderboard by the total of one metric.

    Args:
        table: Rows under ``schema.SCHEMA``.
        rank_by: The metric, for all benchmarks or per benchmark, as ``RankBy.parse`` reads it;
            without one the first metric with a direction ranks. A metric that stands in several
            columns is ranked by the one that most lines have, unless one is named.

    Raises:
        UsageError: ``rank_by`` is a string and no board has such a metric with a direction.
    """
    wanted = _wanted(rank_by)
    boards = [
        _board(key, cohort, wanted.get(key[0]) if isinstance(wanted, Mapping) else wanted)
        for key, cohort in _sorted(_cohorts(table))
    ]
    if isinstance(wanted, RankBy) and boards and all(b.ranked_by is None for b in boards):
        columns = [column for board in boards for column in board.columns]
        if not any(wanted.means(c.metric, c.convention) and c.direction != "none" for c in columns):
            raise not_found(wanted, columns)
    return boards


def _wanted(rank_by: str | Mapping[str, str] | None) -> RankBy | Mapping[str, RankBy] | None:
    if isinstance(rank_by, Mapping):
        return {benchmark: RankBy.parse(text) for benchmark, text in rank_by.items()}
    return None if rank_by is None else RankBy.parse(rank_by)


def make_class_boards(table: pa.Table, metric: str | None = None) -> list[Board]:
    """Make one board per cohort and metric with the per-class scores, a column a class.

    Lines are in the order of their names; nothing is ranked. ``metric`` is as of ``make_boards``.
    """
    wanted = None if metric is None else RankBy.parse(metric)
    boards = []
    # a class stands in as many rows as there are lines and metrics
    key_of = cache(natural_key)
    cohorts = _measured(aggregate.runs_that_count(table), per_class=True)
    for key, cohort in _sorted(cohorts):
        by_metric: dict[str, list[dict[str, Any]]] = {}
        for row in cohort.scores:
            if wanted is None or wanted.means(row["metric"], row):
                by_metric.setdefault(row["metric"], []).append(row)
        for name, scores in by_metric.items():
            # parts come in the order of their names, and a run may lack a class
            scores.sort(key=lambda row: key_of(row["class"] or ""))
            boards.append(_board(key, _Cohort(cohort.lines, scores), None, suffix=name))
    return boards


def _measured(counted: pa.Table, *, per_class: bool) -> dict[Key, _Cohort]:
    """Lines and scores of each cohort; of classes no more is shown."""
    cohorts: dict[Key, _Cohort] = {}
    for row in aggregate.line_statistics(counted):
        cohorts.setdefault(_cohort_of(row), _Cohort()).lines.append(row)
    for row in aggregate.score_statistics(counted, per_class=per_class):
        cohorts.setdefault(_cohort_of(row), _Cohort()).scores.append(row)
    return cohorts


def _cohorts(table: pa.Table) -> dict[Key, _Cohort]:
    counted = aggregate.runs_that_count(table)
    cohorts = _measured(counted, per_class=False)

    def cohort_of(row: Mapping[str, Any]) -> _Cohort:
        return cohorts.setdefault(_cohort_of(row), _Cohort())

    for row in aggregate.missing_scores(counted):
        cohort_of(row).missing.append(row)
    for row in aggregate.score_notes(counted):
        cohort_of(row).notes.append(f"{row['metric']}: {row['note']}")
    for row in records(aggregate.failed_runs(table)):
        error = f"{row['error_type'] or 'Error'}: {row['error_message'] or 'no message'}"
        run = (row["run_id"], row["method"], row["params"], row["seed"])
        cohort_of(row).failed.append(FailedRun(*run, error, row["traceback_path"]))
        cohort_of(row).failed_lines.append({name: row[name] for name in LINE})
    return cohorts


def _sorted(cohorts: Mapping[Key, _Cohort]) -> list[tuple[Key, _Cohort]]:
    return sorted(cohorts.items(), key=lambda item: tuple(str(part) for part in item[0]))


def _board(key: Key, cohort: _Cohort, rank_by: RankBy | None, suffix: str = "") -> Board:
    measures, columns, notes = _columns(cohort)
    cells = _cells(cohort, measures)
    ranked_by = None if suffix else _ranking_column(columns, cells, rank_by)
    rank_notes = [] if suffix else _rank_notes(columns, ranked_by, rank_by)
    ours = _names_of_ours([*cohort.lines, *cohort.failed_lines])
    labels = line_labels(cohort.lines, ours)
    # what failed is told apart from what did not, which keeps the names that it has without it
    every = [*cohort.lines, *cohort.failed_lines]
    beside = line_labels(every, ours)[len(labels) :] if cohort.failed_lines else []
    lines = [
        Line(
            rank=None,
            label=label,
            is_reference=row["method_role"] == "reference",
            seeds=row["seeds"],
            devices=row["devices"],
            cells=tuple(cells.get((of_line, m)) for m in range(len(measures))),
            costs={name: row[name] for name in COSTS},
            **{name: row[name] for name in LINE if name != "method_role"},
        )
        for label, row, of_line in zip(
            labels, cohort.lines, map(_line_of, cohort.lines), strict=True
        )
    ]
    lines = _ranked(lines, columns, ranked_by)
    return Board(
        **dict(zip(COHORT, key, strict=True)),
        columns=tuple(columns),
        lines=tuple(lines),
        failed=tuple(map(_labelled, cohort.failed, beside)),
        ranked_by=ranked_by,
        best=tuple(_best(lines, i, columns) for i in range(len(columns))),
        notes=(*rank_notes, *notes, *cohort.notes),
        title_suffix=suffix,
    )


def _labelled(run: FailedRun, label: str) -> FailedRun:
    return replace(run, label=label)


def _names_of_ours(lines: Sequence[Mapping[str, Any]]) -> set[str]:
    """Names of our methods, looked up only where another distribution's might have one."""
    if {line["distribution"] for line in lines} <= {OWN_DISTRIBUTION, EXTERNAL}:
        return set()
    host = PluginHost()
    with suppress(PluginError):  # in strict mode
        host = load_plugins()
    return {entry.name for entry in host.entries("method") if entry.is_our_own}


def _columns(cohort: _Cohort) -> tuple[list[Key], list[BoardColumn], list[str]]:
    told = {_measure_of(row): row for row in cohort.scores}
    measured = {row["metric"] for row in cohort.scores}
    for row in cohort.missing:
        # a score that is not there has no convention: it joins the metric's columns, if any
        if row["metric"] not in measured:
            key = (row["metric"], row["class"], *(None for _ in aggregate.CONVENTION))
            told.setdefault(key, row)
    measures = list(told)
    labels, notes = column_labels(measures)
    columns = [
        BoardColumn(
            label,
            measure[0],
            measure[1],
            dict(zip(aggregate.CONVENTION, measure[2:], strict=True)),
            told[measure]["direction"] or "none",
            told[measure]["unit"] or "",
        )
        for label, measure in zip(labels, measures, strict=True)
    ]
    return measures, columns, notes


def _cells(cohort: _Cohort, measures: Sequence[Key]) -> dict[tuple[Key, int], Statistic | Missing]:
    position = {measure: i for i, measure in enumerate(measures)}
    cells: dict[tuple[Key, int], Statistic | Missing] = {}
    for row in cohort.scores:
        cells[_line_of(row), position[_measure_of(row)]] = row["statistic"]
    for row in cohort.missing:
        line = _line_of(row)
        own = [i for i, m in enumerate(measures) if m[:2] == (row["metric"], row["class"])]
        if not any(isinstance(cells.get((line, i)), Statistic) for i in own):
            for i in own:
                cells[line, i] = Missing(row["status"], row["error_message"] or "")
    return cells


def _ranking_column(
    columns: Sequence[BoardColumn],
    cells: Mapping[tuple[Key, int], Statistic | Missing],
    rank_by: RankBy | None,
) -> int | None:
    filled = [0] * len(columns)
    for (_, index), cell in cells.items():
        filled[index] += isinstance(cell, Statistic)
    candidates = [
        i
        for i, column in enumerate(columns)
        if column.direction != "none"
        and filled[i]
        and (rank_by is None or rank_by.means(column.metric, column.convention))
    ]
    if rank_by is None:
        return candidates[0] if candidates else None
    # of several conventions the one that most lines share
    return max(candidates, key=lambda i: filled[i], default=None)


def _rank_notes(
    columns: Sequence[BoardColumn], ranked_by: int | None, rank_by: RankBy | None
) -> list[str]:
    if ranked_by is not None:
        return []
    wanted = f"{rank_by} has no values here" if rank_by else "no metric has a direction and values"
    return [f"Not ranked: {wanted}."] if columns else []


def _ranked(lines: list[Line], columns: Sequence[BoardColumn], ranked_by: int | None) -> list[Line]:
    def value(line: Line) -> float | None:
        cell = line.cells[ranked_by] if ranked_by is not None else None
        return cell.mean if isinstance(cell, Statistic) else None

    references = sorted((x for x in lines if x.is_reference), key=lambda x: x.label)
    others = sorted((x for x in lines if not x.is_reference), key=lambda x: x.label)
    valued = [(v, x) for x in others if (v := value(x)) is not None]
    sort_key = _sort_key(lines, ranked_by, columns) if ranked_by is not None else None
    if sort_key is not None:
        valued.sort(key=lambda pair: sort_key(pair[0]))
    if sort_key is None or ranked_by is None:
        ranked = [x for _, x in valued]
    else:
        # equal values share the better rank
        ranks: dict[float, int] = {}
        own = [ranks.setdefault(v, i) for i, (v, _) in enumerate(valued, start=1)]
        cells = [x.cells[ranked_by] for _, x in valued]
        ranges = rank_ranges(
            [cell for cell in cells if isinstance(cell, Statistic)],
            [x.label for _, x in valued],
            columns[ranked_by].direction,
            _reference(lines, ranked_by),
        )
        ranked = [
            replace(x, rank=rank, ranks=both)
            for (_, x), rank, both in zip(valued, own, ranges, strict=True)
        ]
    return [*references, *ranked, *(x for x in others if value(x) is None)]


def _sort_key(lines: Sequence[Line], index: int, columns: Sequence[BoardColumn]) -> SortKey | None:
    return sort_key_of(columns[index].direction, _reference(lines, index))


def _reference(lines: Sequence[Line], index: int) -> float | None:
    """What a column's values are read against, if the board has it."""
    cells = (line.cells[index] for line in lines if line.is_reference)
    return next((cell.mean for cell in cells if isinstance(cell, Statistic)), None)


def _best(lines: Sequence[Line], index: int, columns: Sequence[BoardColumn]) -> frozenset[str]:
    sort_key = _sort_key(lines, index, columns)
    if sort_key is None:
        return frozenset()
    means = {
        line.label: cell.mean
        for line in lines
        if not line.is_reference and isinstance(cell := line.cells[index], Statistic)
    }
    if not means:
        return frozenset()
    best = min(sort_key(mean) for mean in means.values())
    return frozenset(label for label, mean in means.items() if sort_key(mean) == best)
