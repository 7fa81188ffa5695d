"""``regene-bench clean``: removes what can be made again."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from regene_bench.base.errors import ResultsError, UsageError
from regene_bench.base.files import stays_inside
from regene_bench.base.text import say
from regene_bench.cli.options import ResultsFolder

_RUN_FOLDER = "runs"
# downloads cannot always be had again; everything else below the cache folder is made anew
_DOWNLOADS = ("data", "weights")


@dataclass(frozen=True)
class _Removal:
    """What is to go.

    Attributes:
        path: A file or a folder.
        why: What it is, for the list.
        size: In bytes.
        lock: The lock of the run that it belongs to; ``None`` for what nobody locks.
        holds: Tells, once the run is locked, whether the reason still holds.
        remove: Removes it, where that is more than to remove the path.
    """

    path: Path
    why: str
    size: int
    lock: Path | None = None
    holds: Callable[[], bool] = lambda: True
    remove: Callable[[], None] | None = None


def clean(
    results: ResultsFolder = Path("results"),
    checkpoints: Annotated[
        bool, typer.Option("--checkpoints", help="Checkpoints of runs that have ended.")
    ] = False,
    unfinished: Annotated[
        bool,
        typer.Option("--unfinished", help="Checkpoints of runs that have not: they start anew."),
    ] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Failed runs, with rows and tracebacks.")
    ] = False,
    cache: Annotated[
        bool, typer.Option("--cache", help="Decoded images and features; no downloads, no weights.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Remove checkpoints, caches or failed runs."""
    if not (checkpoints or unfinished or failed or cache):
        raise UsageError(
            "Nothing was chosen to be removed.",
            hint="Choose from --checkpoints, --unfinished, --failed and --cache.",
        )
    removals = []
    if checkpoints or unfinished or failed:
        removals += _of_runs(results, checkpoints, unfinished, failed)
    if cache:
        removals += _caches()
    if not removals:
        say("There is nothing to remove.")
        return
    for removal in removals:
        say(f"{removal.size / 1e6:10.1f} MB  {removal.why:<22} {removal.path}")
    total = sum(removal.size for removal in removals) / 1e6
    if dry_run:
        say(f"{len(removals)} would go, {total:.1f} MB.")
        return
    if not yes and not _agreed(len(removals), total):
        say("Nothing was removed.")
        return
    removed = [removal for removal in removals if _removed(removal)]
    total = sum(removal.size for removal in removed) / 1e6
    say(f"Removed {len(removed)}, {total:.1f} MB.")
    if len(removed) < len(removals):
        say(f"{len(removals) - len(removed)} were left: another call is at work on their runs.")


def _of_runs(results: Path, checkpoints: bool, unfinished: bool, failed: bool) -> list[_Removal]:
    from regene_bench.cli.leaderboard import read_results
    from regene_bench.leaderboard.aggregate import failed_runs
    from regene_bench.leaderboard.places import part_path

    table = read_results(results)
    ended = set(table["run_id"].unique().to_pylist())
    failures = {
        row["run_id"]: row["benchmark"]
        for row in failed_runs(table).select(["run_id", "benchmark"]).to_pylist()
    }
    removals = []
    for folder in sorted((results / _RUN_FOLDER).glob("*/checkpoints")):
        run_id = folder.parent.name
        if not stays_inside(folder, results):
            continue  # what a link leads to is not the results folder's
        if run_id in failures and failed:
            continue  # goes with its whole folder
        lock = folder.parent / "lock"
        if checkpoints and run_id in ended:
            removals.append(_removal(folder, "checkpoints", lock))
        if unfinished and run_id not in ended:
            still = partial(_has_no_part, results, run_id)
            removals.append(_removal(folder, "unfinished run", lock, still))
    for run_id, benchmark in sorted(failures.items()) if failed else ():
        part, folder = part_path(results, benchmark, run_id), results / _RUN_FOLDER / run_id
        # first what an older part would say, and the folder last: the lock is in it
        removals += _from_compacted(results, benchmark, run_id, folder / "lock")
        for path in (part, folder):
            if path.exists():
                still = partial(_has_failed, results, benchmark, run_id)
                removals.append(_removal(path, "failed run", folder / "lock", still))
    return removals


def _from_compacted(results: Path, benchmark: str, run_id: str, lock: Path) -> list[_Removal]:
    """Take a failed run out of a file of many runs, if it is in one."""
    from regene_bench.harness.compaction import is_in_compacted, take_out
    from regene_bench.leaderboard.places import FOLDER

    if not is_in_compacted(results, benchmark, run_id):
        return []
    still = partial(_has_failed, results, benchmark, run_id)
    path = results / FOLDER / benchmark / f"(run {run_id} among others)"
    take = partial(take_out, results, benchmark, run_id)
    return [_Removal(path, "failed run", 0, lock, still, take)]


def _has_no_part(results: Path, run_id: str) -> bool:
    from regene_bench.leaderboard.parts import ended_runs
    from regene_bench.leaderboard.places import FOLDER

    if list(results.glob(f"{FOLDER}/*/{run_id}.parquet")):
        return False
    benchmarks = [path.name for path in (results / FOLDER).glob("*") if path.is_dir()]
    return not any(run_id in ended_runs(results, name) for name in benchmarks)


def _has_failed(results: Path, benchmark: str, run_id: str) -> bool:
    """Tell whether a run is failed, or its part went a moment ago for that reason."""
    from regene_bench.leaderboard.parts import read_own_part

    record = read_own_part(results, benchmark, run_id)
    return record is None or record.status == "failed"


def _caches() -> list[_Removal]:
    from regene_bench.base.paths import cache_dir

    folders = sorted(cache_dir().iterdir()) if cache_dir().is_dir() else []
    return [_removal(f, "cache") for f in folders if f.is_dir() and f.name not in _DOWNLOADS]


def _removal(
    path: Path, why: str, lock: Path | None = None, holds: Callable[[], bool] = lambda: True
) -> _Removal:
    from regene_bench.cli.diagnosis import folder_size

    size = folder_size(path) if path.is_dir() else path.stat().st_size
    return _Removal(path, why, size, lock, holds)


def _agreed(count: int, megabytes: float) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("Cannot ask: there is no terminal.", hint="Give --yes or --dry-run.")
    return bool(typer.confirm(f"Remove these {count} ({megabytes:.1f} MB)?"))


def _removed(removal: _Removal) -> bool:
    """Remove something, unless another call is at work on its run or has mended it meanwhile."""
    from regene_bench.runtime.locks import held_if_free

    if removal.lock is None or not removal.lock.parent.exists():
        _remove(removal)
        return True
    with held_if_free(removal.lock) as held:
        if not held or not removal.holds():
            return False
        _remove(removal)
    return True


def _remove(removal: _Removal) -> None:
    if removal.remove is not None:
        removal.remove()
        return
    path = removal.path
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise ResultsError(
            f"Cannot remove {path}: {error.strerror or error}.", hint="Check its permissions."
        ) from error
