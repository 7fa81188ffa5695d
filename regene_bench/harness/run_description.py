"""What a run is, as ``run.json`` in its folder says it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from regene_bench.base.checked_json import checked_json, is_as_written
from regene_bench.base.errors import ResultsError
from regene_bench.base.files import write_atomically
from regene_bench.plan.runs import Run

RUN_FILE: Final = "run.json"


def describe(run: Run) -> dict[str, Any]:
    """What a run is: all that its id and its training depend on."""
    return {
        "run_id": run.run_id,
        "benchmark": run.benchmark.name,
        "protocol_version": run.benchmark.version,
        "preset": run.preset,
        "method": run.entry.name,
        "distribution": run.entry.distribution,
        "params": json.loads(run.params),
        "seed": run.seed,
        "dataset_fingerprint": run.fingerprint,
        "augmentation": run.benchmark.augmentation.model_dump(mode="json"),
    }


def write_run_file(folder: Path, run: Run) -> None:
    """Write ``run.json`` into a run's folder.

    Raises:
        OSError: As the file system has it.
    """
    write_atomically(folder / RUN_FILE, checked_json(describe(run)))


def read_run_file(folder: Path) -> dict[str, Any]:
    """Read ``run.json`` of a run's folder.

    Raises:
        ResultsError: It is not there, or not what was written.
    """
    path = folder / RUN_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{path} is not what was written: it is no JSON.") from error
    if not isinstance(found, dict) or not is_as_written(found):
        raise ResultsError(f"{path} is not what was written.")
    if found.get("run_id") != folder.name or not isinstance(found.get("params"), dict):
        raise ResultsError(f"{path} is of something else.")
    return found
