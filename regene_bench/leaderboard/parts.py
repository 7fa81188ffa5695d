"""The Parquet parts of a results folder: one file a run, written whole, read all at once.

A part lies at ``<results>/leaderboard/<benchmark>/<run_id>.parquet``.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, NoReturn

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regene_bench.base.errors import ResultsError, UsageError, did_you_mean
from regene_bench.base.files import sync_folder, whole_file
from regene_bench.leaderboard.grouping import records
from regene_bench.leaderboard.reading import BadPart, joined, read_folder, read_part
from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.schema import SCHEMA, SCHEMA_VERSION

FOLDER = "leaderboard"
SUFFIX = ".parquet"


def part_path(results: Path, benchmark: str, run_id: str) -> Path:
    """Return where the part of a run lies.

    Raises:
        ResultsError: A name cannot stand as one component of a path.
    """
    for name in (benchmark, run_id):
        if not name or name.startswith(".") or any(c in name for c in "/\\\0:"):
            raise ResultsError(
                f"{name!r} cannot be the name of a file.",
                hint="Rename the benchmark; letters, digits, '-' and '_' always work.",
            )
    return results / FOLDER / benchmark / f"{run_id}{SUFFIX}"


def check_writable(results: Path) -> None:
    """Make sure that parts can be written below a results folder; it is made if need be.

    Raises:
        ResultsError: It cannot be made or written to.
    """
    try:
        (results / FOLDER).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results / FOLDER):
            pass
    except OSError as error:
        _fail(results, error)


class ScoreState(NamedTuple):
    """What became of a score of a run.

    Attributes:
        metric: Its column; ``None`` stands for the run as a whole.
        status: ``ok``, ``failed``, ``unavailable`` or ``skipped``.
        extractor_id: The feature extractor, if one was used.
        reference_split: The split compared with, if there was one.
    """

    metric: str | None
    status: str
    extractor_id: str | None = None
    reference_split: str | None = None


def write_part(folder: Path, record: RunRecord) -> Path:
    """Write the part of one run so that it is there whole or not at all.

    Args:
        folder: The results folder.
        record: The run; a part it had before is replaced.

    Returns:
        The path of the part.

    Raises:
        ResultsError: The disk is full, the folder cannot be written to, or a name is no file name.
    """
    path = part_path(folder, record.benchmark, record.run_id)
    table = _table(record)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            pq.write_table(table, file, compression="zstd", write_statistics=False)
        sync_folder(path.parent)
    except OSError as error:
        _fail(path, error)
    return path


def read_parts(
    folder: Path, *, benchmark: str | None = None, columns: Sequence[str] | None = None
) -> tuple[pa.Table, list[BadPart]]:
    """Read all parts of a results folder.

    Args:
        folder: The results folder; one that does not exist has no rows.
        benchmark: Read the parts of this benchmark only.
        columns: Read these columns only, for speed.

    Returns:
        The rows, under ``SCHEMA`` (or its ``columns``), and the files that were skipped: torn,
        empty, of another schema or of a newer version. No file is ever deleted.
    """
    names = tuple(SCHEMA.names if columns is None else columns)
    tables, bad = [SCHEMA.empty_table().select(names)], []
    for where, files in groupby(part_files(folder, benchmark), key=lambda path: path.parent):
        read, unread = read_folder(where, list(files), names)
        tables += read
        bad += unread
    return joined(tables), bad


def part_files(folder: Path, benchmark: str | None = None) -> list[Path]:
    """List the files that should be parts, sorted; temporary files are left out."""
    root = folder / FOLDER
    pattern = f"*{SUFFIX}" if benchmark is not None else f"*/*{SUFFIX}"
    found = (root if benchmark is None else root / benchmark).glob(pattern)
    return sorted(p for p in found if not p.name.startswith("."))


def run_states(results: Path, benchmark: str) -> dict[str, set[ScoreState]]:
    """Read the status of each score of each run of a benchmark.

    It tells which runs need not be done again, and which scores are still to be measured.

    Returns:
        The states of a run's scores, by run id.
    """
    columns = ("run_id", "metric", "status", "extractor_id", "reference_split")
    table, _ = read_parts(results, benchmark=benchmark, columns=columns)
    states: dict[str, set[ScoreState]] = {}
    for row in records(table):
        states.setdefault(row.pop("run_id"), set()).add(ScoreState(**row))
    return states


def states_of(record: RunRecord) -> set[ScoreState]:
    """Give the status of each score of one run; ``run_states`` reads it for runs on disk."""
    names = ScoreState._fields
    return {ScoreState(**{name: row[name] for name in names}) for row in record.rows()}


def read_run(results: Path, run_id_prefix: str) -> RunRecord:
    """Read one run by its id or the beginning of it.

    Raises:
        UsageError: No run, or more than one, has an id that begins so.
    """
    table, _ = read_parts(results)
    return find_run(table, run_id_prefix, results)


def read_own_part(results: Path, benchmark: str, run_id: str) -> RunRecord | None:
    """Read the part of one run from where it must lie, whatever else lies there.

    Returns:
        The run; ``None`` if it has no part, or one that cannot be read and may be replaced.

    Raises:
        ResultsError: A newer version has written it.
    """
    path = part_path(results, benchmark, run_id)
    table = read_part(path, SCHEMA.names)
    if isinstance(table, BadPart) and table.newer:
        raise ResultsError(
            f"{path} cannot be added to: {table.reason}.",
            hint="Upgrade regene-bench, or give another results folder.",
        )
    if table is None or isinstance(table, BadPart):
        return None
    rows = table.filter(pc.equal(table["run_id"], run_id)).to_pylist()
    return RunRecord.from_rows(rows) if rows else None


def find_run(table: pa.Table, run_id_prefix: str, where: Path) -> RunRecord:
    """Find one run of a table by its id or the beginning of it.

    Raises:
        UsageError: No run, or more than one, has an id that begins so.
    """
    ids: list[str] = sorted(table["run_id"].unique().to_pylist())
    matches = [run_id for run_id in ids if run_id.startswith(run_id_prefix)]
    if run_id_prefix in matches:
        matches = [run_id_prefix]
    if not matches or not run_id_prefix:
        hint = did_you_mean(run_id_prefix, ids[:20]) if ids else "There are no runs yet."
        raise UsageError(f"There is no run {run_id_prefix!r} in {where}.", hint=hint)
    if len(matches) > 1:
        raise UsageError(
            f"{len(matches)} runs begin with {run_id_prefix!r}.",
            hint="Give more of the id: " + ", ".join(matches[:10]) + ".",
        )
    return RunRecord.from_rows(table.filter(pc.equal(table["run_id"], matches[0])).to_pylist())


def _table(record: RunRecord) -> pa.Table:
    rows = [row | {"schema_version": SCHEMA_VERSION} for row in record.rows()]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _fail(path: Path, error: OSError) -> NoReturn:
    # no option is named: the folder is --results of one command and --into of another
    hints = {
        errno.ENOSPC: "Free disk space, then run again: `regene-bench clean --checkpoints` removes "
        "checkpoints of runs that have ended.",
        errno.EDQUOT: "Your quota is used up: free space, then run again.",
        errno.EACCES: "Allow writing to it, or give another folder.",
        errno.EPERM: "Allow writing to it, or give another folder.",
        errno.EROFS: "The disk is read-only; give another folder.",
        errno.ENOTDIR: "A file stands where a folder should; give another folder.",
        errno.EEXIST: "A file stands where a folder should; give another folder.",
    }
    hint = hints.get(error.errno or 0, "Check the disk, or give another folder.")
    raise ResultsError(f"Cannot write to {path}: {error.strerror or error}.", hint=hint) from error
