"""One run, read from the one file that it is in: without Arrow, if its part holds it packed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from regene_bench.base.errors import ResultsError
from regene_bench.base.hashing import ID_LENGTH
from regene_bench.leaderboard.compacted import is_compacted, may_hold
from regene_bench.leaderboard.packed_rows import unpacked
from regene_bench.leaderboard.places import FOLDER, SUFFIX, leading_out, part_names
from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.rules import is_well
from regene_bench.leaderboard.seal import read_sealed

_PART = re.compile(f"[0-9a-f]{{{ID_LENGTH}}}" + re.escape(SUFFIX))
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


def read_run(results: Path, run_id_prefix: str) -> RunRecord:
    """Read one run by its id or the beginning of it.

    Raises:
        UsageError: No run, or more than one, has an id that begins so.
    """
    record = _read_alone(results, run_id_prefix)
    if record is not None:
        return record
    from regene_bench.leaderboard.parts import find_run, read_parts

    table, _ = read_parts(results)
    return find_run(table, run_id_prefix, results)


def _read_alone(results: Path, run_id_prefix: str) -> RunRecord | None:
    """Read the one part that a run can be in, if the names of the files tell which that is.

    They do where the part alone begins so, and where no other can hold a run that does: where all
    are called by ids, as runs write them.
    """
    root = results / FOLDER
    names = part_names(root)
    # thousands of names are looked at, each once where it can be helped
    not_by_ids = [(where, n) for where, n in names if not _PART.fullmatch(n)]
    many = [(where, n) for where, n in not_by_ids if is_compacted(n)]
    if not run_id_prefix or len(many) < len(not_by_ids):
        return None
    matches = [(where, n) for where, n in names if n.startswith(run_id_prefix)]
    matches = [found for found in matches if found not in many]
    if len(matches) > 1:
        return None
    whole = [n for _, n in matches if n == f"{run_id_prefix}{SUFFIX}"]
    # an id that is whole, and has its own part, is in no other
    others = [] if whole else [(where, n) for where, n in many if may_hold(n, run_id_prefix)]
    paths = [root / where / n for where, n in (*matches, *others)]
    if leading_out(paths, results):
        return None
    found = [record for path in paths for record in beginning(path, run_id_prefix)]
    return found[0] if len(found) == 1 else None


def beginning(path: Path, run_id_prefix: str) -> list[RunRecord]:
    """The runs of a file whose ids begin so."""
    packed = _packed_rows(path)
    if packed is not None:
        ids = dict.fromkeys(row["run_id"] for row in packed)
        runs = [[row for row in packed if row["run_id"] == run_id] for run_id in ids]
        return [RunRecord.from_rows(r) for r in runs if r[0]["run_id"].startswith(run_id_prefix)]
    # to import what reads Parquet takes longer than all the rest
    from regene_bench.leaderboard.reading import BadPart, read_file
    from regene_bench.leaderboard.unboxed import rows_of, words_of

    table = read_file(path)
    if isinstance(table, BadPart):
        return []
    words = [word for word in words_of(table["run_id"]) if word and word.startswith(run_id_prefix)]
    rows = [rows_of(table, run_id) for run_id in words]
    return [RunRecord.from_rows(own) for own in rows if own]


def _packed_rows(path: Path) -> list[dict[str, Any]] | None:
    """The rows that lie packed in a file; ``None`` if none do, or they need another look."""
    try:
        file = read_sealed(path)
    except (OSError, ResultsError):
        return None
    found = None if file.extra is None else unpacked(file.extra)
    rows = [] if found is None else found.rows()
    if not rows or not is_well(rows):
        return None
    return [r | {"timestamp": _BEGIN + timedelta(microseconds=r["timestamp"])} for r in rows]
