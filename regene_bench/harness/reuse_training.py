"""A run that differs from a finished one only in how it draws from the model reuses its training.

``run.json`` says what a run was trained with; ``Method.sampling_params`` says which of its
parameters training does not depend on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

from regene_bench.base.errors import ResultsError
from regene_bench.base.events import Message
from regene_bench.harness.run import Setting
from regene_bench.harness.run_description import RUN_FILE, describe, read_run_file
from regene_bench.harness.run_folders import checkpoint_folder
from regene_bench.leaderboard.parts import read_own_part
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan.runs import Run
from regene_bench.runtime.device import device_name
from regene_bench.runtime.provenance import was_fast


def reuse_checkpoints(run: Run, setting: Setting) -> str | None:
    """Give a run the checkpoints of one that ended well and was trained the same way.

    The same way: equal in all but ``Method.sampling_params``, on the same kind of device, in the
    same precision, by kernels chosen alike and by the same versions. Training seconds come with the
    checkpoints. A run that has a checkpoint of its own keeps it.

    Returns:
        The id of the run whose checkpoints they were; ``None`` if it reuses none.
    """
    own = checkpoint_folder(setting.results, run.run_id)
    if not run.method.sampling_params or own.exists():
        return None
    for other, differing in _same_training(run, setting):
        partial = own.with_name("checkpoints.partial")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            shutil.copytree(checkpoint_folder(setting.results, other), partial)
        except OSError:  # gone meanwhile, by --force or by hand, or no room: train then
            shutil.rmtree(partial, ignore_errors=True)
            continue
        partial.rename(own)
        what = ", ".join(differing)
        setting.emit(Message(f"{run.title} is trained as run {other} is: only {what} differs."))
        return other
    return None


def _same_training(run: Run, setting: Setting) -> Iterator[tuple[str, list[str]]]:
    """Ids of runs that ended well, have checkpoints, and differ in how they draw alone: in what."""
    own = describe(run)
    for file in sorted((setting.results / "runs").glob(f"*/{RUN_FILE}")):
        other = file.parent.name
        if other == run.run_id or not checkpoint_folder(setting.results, other).is_dir():
            continue
        try:
            described = read_run_file(file.parent)
        except ResultsError as error:
            setting.emit(Message(f"{error.message} The training of that run is not taken over."))
            continue
        if _training(described, run) != _training(own, run):
            continue
        if _is_usable(other, run, setting):
            theirs = described["params"]
            differing = sorted(
                k for k, v in own["params"].items() if k not in theirs or v != theirs[k]
            )
            yield other, differing


def _training(described: dict[str, Any], run: Run) -> dict[str, Any]:
    """What training depends on, of all that ``run.json`` says."""
    params = {
        key: value
        for key, value in described["params"].items()
        if key not in run.method.sampling_params
    }
    return {**described, "run_id": None, "params": params}


def _is_usable(other: str, run: Run, setting: Setting) -> bool:
    try:
        record = read_own_part(setting.results, run.benchmark.name, other)
    except ResultsError:  # of a newer version
        return False
    return (
        record is not None
        and record.status == "ok"
        and _made_by(record)
        == (
            run.method.version,
            run.entry.version,
            setting.device.type,
            device_name(setting.device) or None,
            setting.precision,
            "fast" if setting.fast else "",
        )
    )


def _made_by(record: RunRecord) -> tuple[str | None, ...]:
    return (
        record.method_version,
        record.distribution_version,
        record.device,
        record.gpu_name,
        record.precision,
        "fast" if was_fast(record.packages) else "",
    )
