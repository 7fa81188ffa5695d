"""Each run once, in whatever number of files it stands, and in the order of ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from regene_bench.leaderboard.compacted import is_compacted
from regene_bench.leaderboard.folding import Conflict, fold, table_of
from regene_bench.leaderboard.reading import BadPart, joined, read_file
from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.unboxed import is_there, rows_of, unboxed, words_of


class _Stretch(NamedTuple):
    """Rows of one run that lie together in one file."""

    run: int
    file: int
    start: int
    end: int


def each_run_once(
    table: pa.Table, files: Sequence[tuple[Path, int]]
) -> tuple[pa.Table, list[BadPart]]:
    """Fold runs that stand in several files.

    A run's own part wins over a file of many runs. Otherwise what is equal folds, such as copies
    that a sync tool made beside a part, and a run of which files contradict each other is left out.

    Args:
        table: The rows, file after file, with ``run_id`` and one dictionary a column.
        files: Each file, and how many rows it gave.

    Returns:
        The rows, and the files that contradict another.
    """
    paths = [path for path, _ in files]
    compacted = [is_compacted(path.name) for path in paths]
    stretches = _stretches(table, [count for _, count in files])
    if not any(compacted) and len({stretch.run for stretch in stretches}) == len(stretches):
        return table, []
    by_run: dict[int, list[_Stretch]] = {}
    for stretch in stretches:
        by_run.setdefault(stretch.run, []).append(stretch)
    words = words_of(table["run_id"])
    if any(compacted):
        for run, own in by_run.items():
            by_run[run] = _without_superseded(own, paths, compacted, str(words[run]))
    repeated = {run: own for run, own in by_run.items() if len({s.file for s in own}) > 1}
    if not repeated and not any(compacted):
        return table, []
    columns = [(unboxed(c), is_there(c)) for c in table.columns] if repeated else []
    different: dict[str, list[Path]] = {}
    for run, own in repeated.items():
        if all(_equal(columns, own[0], other) for other in own[1:]):
            by_run[run] = own[:1]
        else:
            by_run[run] = []
            different[str(words[run])] = sorted({paths[s.file] for s in own})

    def place(stretch: _Stretch) -> tuple[str, str, int]:
        path = paths[stretch.file]
        name = str(words[stretch.run]) if compacted[stretch.file] else path.stem
        return str(path.parent), name, stretch.start

    kept = [stretch for own in by_run.values() for stretch in own]
    kept.sort(key=place if any(compacted) else lambda stretch: stretch.start)
    once = _taken(table, kept)
    folded, bad = _folded(different)
    if folded:
        once = joined([once, table_of(folded).select(table.column_names)])
    return once, bad


def record_in(path: Path, run_id: str) -> RunRecord | None:
    """Read one run of a file; ``None`` if it is not in it, or the file cannot be read."""
    table = read_file(path)
    if isinstance(table, BadPart):
        return None
    rows = rows_of(table, run_id)
    return RunRecord.from_rows(rows) if rows else None


def _stretches(table: pa.Table, counts: Sequence[int]) -> list[_Stretch]:
    if not len(table):
        return []
    runs = unboxed(table["run_id"])
    files = np.repeat(np.arange(len(counts)), counts)
    changes = (np.diff(runs) != 0) | (np.diff(files) != 0)
    begins = np.flatnonzero(np.r_[True, changes])
    ends = np.r_[begins[1:], len(table)]
    each = zip(runs[begins], files[begins], begins, ends, strict=True)
    return [_Stretch(int(r), int(f), int(b), int(e)) for r, f, b, e in each]


def _without_superseded(
    own: list[_Stretch], paths: Sequence[Path], compacted: Sequence[bool], run_id: str
) -> list[_Stretch]:
    """Leave out what files of many runs say where the run has its own part beside them."""
    if len(own) == 1:
        return own
    beside = {
        paths[s.file].parent for s in own if not compacted[s.file] and paths[s.file].stem == run_id
    }
    return [s for s in own if not (compacted[s.file] and paths[s.file].parent in beside)]


def _equal(
    columns: Sequence[tuple[np.ndarray, np.ndarray]], first: _Stretch, second: _Stretch
) -> bool:
    """Whether two stretches have the same values, or none, in every column."""
    a, b = slice(first.start, first.end), slice(second.start, second.end)
    return first.end - first.start == second.end - second.start and all(
        np.array_equal(there[a], there[b]) and bool(((values[a] == values[b]) | ~there[a]).all())
        for values, there in columns
    )


def _taken(table: pa.Table, kept: Sequence[_Stretch]) -> pa.Table:
    if not kept:
        return table.slice(0, 0)
    rows = np.concatenate([np.arange(stretch.start, stretch.end) for stretch in kept])
    if len(rows) == len(table) and bool((np.diff(rows) == 1).all()):
        return table
    return table.take(pa.array(rows))


def _folded(different: Mapping[str, Iterable[Path]]) -> tuple[list[RunRecord], list[BadPart]]:
    kept, bad = [], []
    for run_id, paths in sorted(different.items()):
        # a part that lies where the run writes it comes first, then what parts were folded into
        ordered = sorted(paths, key=lambda p: (p.stem != run_id, not is_compacted(p.name)))
        standing = [(p, record) for p in ordered if (record := record_in(p, run_id)) is not None]
        if not standing:  # gone since
            continue
        record, conflicts = fold(standing)
        if conflicts:
            bad.append(_contradicting(conflicts[0]))
        else:
            kept.append(record)
    return kept, bad


def _contradicting(one: Conflict) -> BadPart:
    of_class = "" if one.class_name is None else f" of {one.class_name}"
    reason = (
        f"of the run {one.run_id} it says that {one.metric}{of_class} is {one.second:.6g}, and "
        f"{one.first_path} that it is {one.first:.6g}; the run is left out until you remove one "
        "of the two files"
    )
    return BadPart(one.second_path, reason, contradicts=True)
