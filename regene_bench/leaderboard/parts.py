"""The Parquet parts of a results folder: one file a run, written whole, read all at once."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from regene_bench.base.disk import told_of_disk
from regene_bench.base.errors import ResultsError, UsageError, did_you_mean
from regene_bench.base.files import sweep_abandoned, sync_folder, write_atomically
from regene_bench.leaderboard.boxed import no_rows
from regene_bench.leaderboard.compacted import holding, is_compacted
from regene_bench.leaderboard.each_once import each_run_once
from regene_bench.leaderboard.folding import table_of
from regene_bench.leaderboard.grouping import records
from regene_bench.leaderboard.one_run import beginning
from regene_bench.leaderboard.part_file import part_bytes
from regene_bench.leaderboard.places import FOLDER, leading_out, part_files, part_path
from regene_bench.leaderboard.reading import BadPart, joined_in_place, read_file, read_folder
from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.schema import PLAIN_SCHEMA, SCHEMA
from regene_bench.leaderboard.unboxed import rows_of

_READINGS = 3


def check_writable(results: Path) -> None:
    """Make sure that parts can be written below a results folder; it is made if need be.

    What killed processes left half written there is removed.

    Raises:
        ResultsError: It cannot be made or written to.
        UsageError: It is an address that nobody has made a mirror of.
    """
    if not {"s3:", "file:"}.isdisjoint(results.parts):
        raise UsageError(
            f"{results} is the address of a store, and a folder is wanted here.",
            hint="Give a folder.",
        )
    with told_of_disk("write to", results):
        (results / FOLDER).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results / FOLDER):
            pass
        for folder in (results / FOLDER).iterdir():
            sweep_abandoned(folder)


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
    content = part_content(record)
    with told_of_disk("write to", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep_abandoned(path.parent, path.name)
        write_atomically(path, content)
        sync_folder(path.parent)
    return path


def part_content(record: RunRecord) -> bytes:
    """Give the bytes of a run's part, as ``write_part`` writes them."""
    return part_bytes(table_of([record], PLAIN_SCHEMA))


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
        empty, damaged, of another schema or of a newer version, with content that no run writes;
        and those that contradict another file about a run, which is left out. No file is ever
        deleted.
    """
    names = tuple(SCHEMA.names if columns is None else columns)
    wanted = names if "run_id" in names else ("run_id", *names)
    for _ in range(_READINGS - 1):
        found = _read_listed(folder, benchmark, wanted)
        if found is not None:
            break
    else:
        found = _read_listed(folder, benchmark, wanted, patient=False)
    assert found is not None
    table, bad = found
    return table.select(names), bad


def _read_listed(
    folder: Path, benchmark: str | None, wanted: Sequence[str], *, patient: bool = True
) -> tuple[pa.Table, list[BadPart]] | None:
    """Read the files that are there; ``None`` if one went meanwhile, maybe into another file."""
    tables: list[pa.Table] = [no_rows().select(wanted)]
    files: list[tuple[Path, int]] = []
    seen = part_files(folder, benchmark)
    outside = leading_out(seen, folder)
    bad = [BadPart(p, "a link that leads out of the results folder") for p in sorted(outside)]
    seen = [path for path in seen if path not in outside]
    for where, own in groupby(seen, key=lambda path: path.parent):
        found = read_folder(where, list(own), wanted)
        tables += found.tables
        files += found.files
        bad += found.bad
        del found  # or the last folder's rows lie twice in memory
    if patient and len(files) + len(bad) < len(seen) + len(outside):
        return None
    table, contradicting = each_run_once(joined_in_place(tables), files)
    return table, bad + contradicting


def run_states(results: Path, benchmark: str) -> dict[str, set[ScoreState]]:
    """Read the status of each score of each run of a benchmark.

    It tells which runs need not be done again, and which scores are still to be measured.

    Returns:
        The states of a run's scores, by run id.
    """
    columns = ("run_id", "metric", "status", "extractor_id", "reference_split")
    table, bad = read_parts(results, benchmark=benchmark, columns=columns)
    states: dict[str, set[ScoreState]] = {}
    for row in records(table):
        states.setdefault(row.pop("run_id"), set()).add(ScoreState(**row))
    for path in part_files(results, benchmark) if any(part.contradicts for part in bad) else ():
        # a copy that contradicts it does not make a finished run one that has to be done
        if is_compacted(path.name):
            own = beginning(path, "")
        else:
            own = [] if path.stem in states else beginning(path, path.stem)
        for record in own:
            states.setdefault(record.run_id, states_of(record))
    return states


def states_of(record: RunRecord) -> set[ScoreState]:
    """Give the status of each score of one run; ``run_states`` reads it for runs on disk."""
    names = ScoreState._fields
    return {ScoreState(**{name: row[name] for name in names}) for row in record.rows()}


def read_own_part(results: Path, benchmark: str, run_id: str) -> RunRecord | None:
    """Read the part of one run from where it must lie, or from a file of many runs beside it.

    Returns:
        The run; ``None`` if it has no part, or one that cannot be read and may be replaced.

    Raises:
        ResultsError: A newer version has written it.
    """
    own = part_path(results, benchmark, run_id)
    for path in (own, *holding(own.parent, run_id)):
        if path != own and leading_out([path], results):
            continue
        table = read_file(path)
        if not isinstance(table, BadPart):
            rows = rows_of(table, run_id)
            if rows:
                return RunRecord.from_rows(rows)
        elif table.newer:
            raise ResultsError(
                f"{path} cannot be added to: {table.reason}.",
                hint="Upgrade regene-bench, or give another results folder.",
            )
    return None


def ended_runs(results: Path, benchmark: str) -> set[str]:
    """Ids of the runs of a benchmark that have rows, in parts of their own or in others."""
    table, _ = read_parts(results, benchmark=benchmark, columns=("run_id",))
    return set(table["run_id"].unique().to_pylist())


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
