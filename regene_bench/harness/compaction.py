"""Folding thousands of parts into few files, so that a kill at any moment changes no answer.

Files of many runs are written and read again before anything goes. Then files that they replace go,
and parts last: as long as a run has its own part, that part is what counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regene_bench.base.disk import told_of_disk
from regene_bench.base.errors import ResultsError
from regene_bench.base.files import sync_folder
from regene_bench.base.hashing import ID_LENGTH
from regene_bench.harness.rewriting import alone_in, at_rest, lies_here, write_runs
from regene_bench.leaderboard.compacted import holding, is_compacted, may_hold
from regene_bench.leaderboard.each_once import each_run_once
from regene_bench.leaderboard.parts_cache import Stamp, stamp
from regene_bench.leaderboard.places import FOLDER, part_files
from regene_bench.leaderboard.reading import BadPart, joined, read_anew, read_file
from regene_bench.leaderboard.schema import SCHEMA
from regene_bench.leaderboard.unboxed import rows_of, unboxed, words_of

_RUN_ID = re.compile(f"[0-9a-f]{{{ID_LENGTH}}}")
_RUNS_A_FILE = 1000


@dataclass(frozen=True)
class Compaction:
    """What became of the files of a benchmark.

    Attributes:
        benchmark: Its name.
        runs: How many runs lie in the files that were written.
        before: How many files there were.
        after: How many there are.
        left: Files that are no sound part of the run that they are called by; they were left.
    """

    benchmark: str
    runs: int
    before: int
    after: int
    left: tuple[BadPart, ...] = ()


@dataclass(frozen=True)
class _Chosen:
    """Files to be folded: what each was known by before it was read, and all of their rows."""

    stamps: dict[Path, Stamp]
    files: tuple[tuple[Path, int], ...]
    table: pa.Table


def compact(results: Path, benchmark: str) -> Compaction:
    """Fold the parts of a benchmark into files of up to a thousand runs.

    Args:
        results: The results folder.
        benchmark: A benchmark in it.

    Raises:
        ResultsError: The disk refuses, another call compacts, or files contradict each other.
    """
    folder = results / FOLDER / benchmark
    with alone_in(folder):
        before = part_files(results, benchmark)
        here = [path for path in before if lies_here(path, results)]
        own = [path for path in here if _RUN_ID.fullmatch(path.stem)]
        runs, left = 0, dict[Path, BadPart]()
        # as many at once as one file has, so that memory does not grow with the folder
        for first in range(0, max(len(own), 1), _RUNS_A_FILE):
            stretch = own[first : first + _RUNS_A_FILE]
            is_last = first + _RUNS_A_FILE >= len(own)
            # listed anew: what was just written may hold older rows of the runs of this stretch
            beside = [
                path
                for path in part_files(results, benchmark)
                if is_compacted(path.name) and lies_here(path, results)
                if is_last or any(may_hold(path.name, part.stem) for part in stretch)
            ]
            folded, bad = _fold(results, benchmark, stretch, beside)
            runs += folded
            left |= {part.path: part for part in bad}
        after = part_files(results, benchmark)
        return Compaction(benchmark, runs, len(before), len(after), tuple(left.values()))


def _fold(
    results: Path, benchmark: str, own: Sequence[Path], many: Sequence[Path]
) -> tuple[int, tuple[BadPart, ...]]:
    """Fold parts, with those files of many runs that have to be written anew with them.

    Returns:
        How many runs were written, and the files that were left.
    """
    chosen, left = _choose(benchmark, own, many)
    if len(chosen.files) < 2:
        return 0, left
    table, contradicting = each_run_once(chosen.table, chosen.files)
    if contradicting:
        one = contradicting[0]
        raise ResultsError(
            f"{one.path}: {one.reason}.", hint="Remove one of the two, then compact again."
        )
    order = pc.sort_indices(table["run_id"].cast(pa.string()))
    written, runs = _write_all(results / FOLDER / benchmark, table.take(order))
    _remove_replaced(results, chosen, written)
    return runs, left


def take_out(results: Path, benchmark: str, run_id: str) -> None:
    """Remove a run from the files of many runs; its own part stays.

    Raises:
        ResultsError: The disk refuses, or another call compacts.
    """
    folder = results / FOLDER / benchmark
    with alone_in(folder):
        for path in holding(folder, run_id):
            table = read_file(path)
            if isinstance(table, BadPart) or not rows_of(table, run_id):
                continue
            others = table.filter(pc.not_equal(table["run_id"], run_id))
            written = _write_all(folder, others)[0] if len(others) else set()
            if path not in written:
                with told_of_disk("remove", path):
                    path.unlink()
        with told_of_disk("write to", folder):
            sync_folder(folder)


def is_in_compacted(results: Path, benchmark: str, run_id: str) -> bool:
    """Tell whether a file of many runs has rows of a run."""
    tables = (read_file(path) for path in holding(results / FOLDER / benchmark, run_id))
    return any(not isinstance(table, BadPart) and rows_of(table, run_id) for table in tables)


def _choose(
    benchmark: str, own: Sequence[Path], many: Sequence[Path]
) -> tuple[_Chosen, tuple[BadPart, ...]]:
    """Read parts, and those files of many runs that have to be written anew with them.

    These are the ones that have room, and the ones that have a run of the parts: what they say of
    it would contradict the new file once the part is gone.
    """
    chosen, bad = _read_parts(own, benchmark)
    ids = {path.stem for path, _ in chosen.files}
    tables, stamps, counted = [chosen.table], dict(chosen.stamps), list(chosen.files)
    for path in many:
        known, read = read_anew([path])
        bad += read.bad
        if not read.files:
            continue
        runs = set(words_of(read.tables[0]["run_id"]))
        if known[0][0] is not None and (runs & ids or len(runs) < _RUNS_A_FILE // 2):
            tables += read.tables
            stamps[path] = known[0][0]
            counted += read.files
    return _Chosen(stamps, tuple(counted), joined(tables)), tuple(bad)


def _read_parts(paths: Sequence[Path], benchmark: str) -> tuple[_Chosen, list[BadPart]]:
    """Read parts that hold the run that they are called by, of the benchmark whose folder it is."""
    known, read = read_anew(paths)
    table = joined([SCHEMA.empty_table(), *read.tables])
    runs, names = words_of(table["run_id"]), words_of(table["benchmark"])
    run_codes, name_codes = unboxed(table["run_id"]), unboxed(table["benchmark"])
    stamps, files, kept = {}, [], []
    bad = list(read.bad)
    start = 0
    for (own, count), (path, _) in zip(known, read.files, strict=True):
        rows = slice(start, start + count)
        start += count
        found = {runs[code] for code in np.unique(run_codes[rows])}
        of = {names[code] for code in np.unique(name_codes[rows])}
        if own is None or found != {path.stem} or of != {benchmark}:
            bad.append(BadPart(path, "not of the run that it is called by"))
            continue
        stamps[path] = own
        files.append((path, count))
        kept.append(np.arange(rows.start, rows.stop))
    if len(files) < len(known):
        table = table.take(pa.array(np.concatenate([np.arange(0), *kept])))
    return _Chosen(stamps, tuple(files), table), bad


def _write_all(folder: Path, table: pa.Table) -> tuple[set[Path], int]:
    """Write rows, sorted by run, and read them again; returns the files and how many runs."""
    codes = unboxed(table["run_id"])
    begins = np.flatnonzero(np.r_[True, np.diff(codes) != 0])
    written = set()
    for first in range(0, len(begins), _RUNS_A_FILE):
        following = begins[first + _RUNS_A_FILE :]
        end = int(following[0]) if len(following) else len(table)
        written.add(write_runs(folder, table.slice(int(begins[first]), end - int(begins[first]))))
    with told_of_disk("write to", folder):
        sync_folder(folder)
    return written, len(begins)


def _remove_replaced(results: Path, chosen: _Chosen, written: set[Path]) -> None:
    """Remove what was folded: first files of many runs, which may be older than a part."""
    many = [path for path in chosen.stamps if is_compacted(path.name)]
    parts = [path for path in chosen.stamps if not is_compacted(path.name)]
    for path in (*many, *parts):
        if path in written:
            continue
        with told_of_disk("remove", path), at_rest(results, path.stem) as rests:
            # one that was written meanwhile stays, and counts
            if rests and stamp(path) == chosen.stamps[path]:
                path.unlink()
    for folder in {path.parent for path in chosen.stamps}:
        with told_of_disk("write to", folder):
            sync_folder(folder)
