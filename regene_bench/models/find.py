"""Where a model lies: a run of a results folder, a folder, or a repository of the Hub."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from regene_bench.base.environment import OFFLINE_VARIABLE, is_offline
from regene_bench.base.errors import ResultsError, UnavailableError, UsageError
from regene_bench.harness.model_description import FILE
from regene_bench.harness.run_folders import run_folder
from regene_bench.leaderboard.parts import find_run, read_parts
from regene_bench.leaderboard.record import EXTERNAL, RunRecord
from regene_bench.models.weights_file import FILE as WEIGHTS
from regene_bench.stores.opening import mirror_of

HUB: Final = "hf://"
_CLIENTS: Final = ("huggingface_hub", "httpx", "httpx2", "httpcore", "requests", "urllib3")
_REPOSITORY: Final = re.compile(r"(\w[\w.-]*/)?\w[\w.-]*", re.ASCII)
# all that a model of ours consists of; nothing else of a repository is fetched
_OF_A_MODEL: Final = (FILE, WEIGHTS)


def find_model(source: Path | str, results: Path) -> Path:
    """Find the folder of a model.

    Args:
        source: As of ``load``.
        results: Folder of results that a run is in.

    Returns:
        A folder with ``model.json``.

    Raises:
        UsageError: There is no such run or folder, or the Hub has no repositories of such names.
        ResultsError: The run has no model.
        UnavailableError: The Hub cannot be reached.
    """
    text = str(source)
    if text.startswith(HUB):
        return _from_hub(text.removeprefix(HUB))
    folder = Path(source)
    if (folder / FILE).is_file():
        return folder
    if isinstance(source, Path) or "/" in text or folder.is_dir():
        what = f"has no {FILE}" if folder.is_dir() else "is no folder"
        raise UsageError(
            f"{folder} {what}.",
            hint="Give a run's id or method, its folder (results/runs/RUN), or a folder that "
            "`regene-bench export` has written.",
        )
    return find_run_model(text, results)


def find_run_model(prefix: str, results: Path) -> Path:
    """Find the folder of a run's model.

    Args:
        prefix: The run's id, the beginning of it, or its method where that has one run only.
        results: Folder of results that it is in.

    Raises:
        UsageError: There is no such run, or it is of samples that another program made.
        ResultsError: It has no model.
    """
    record = find_record(prefix, results)
    title = f"{record.method} (seed {record.seed}, run {record.run_id})"
    if record.distribution == EXTERNAL:
        raise UsageError(f"{title} is of images that another program made; it has no model here.")
    if record.status == "failed":
        raise ResultsError(
            f"{title} failed: {record.error_type}: {record.error_message}.",
            hint="It has no model. Mend what it failed by, and run it again.",
        )
    folder = run_folder(results, record.run_id)
    mirror = mirror_of(results)
    if mirror is not None:
        mirror.pull_run(record.run_id)
    if not (folder / FILE).is_file():
        raise ResultsError(
            f"{title} has no {FILE} in {folder}.",
            hint="It was trained before models were kept for loading, or its folder was removed "
            "or not copied. The line under `repeat it` of `regene-bench show "
            f"{record.run_id}` trains it again.",
        )
    return folder


def find_record(word: str, results: Path) -> RunRecord:
    """Find a run by its id, the beginning of it, or its method where that has one run only.

    Args:
        word: What the user typed.
        results: Folder of results that the run is in.

    Raises:
        UsageError: There is no such run, or several.
    """
    table, _ = read_parts(results)
    rows = table.select(["run_id", "method", "benchmark", "preset", "seed"]).to_pylist()
    runs = {row["run_id"]: row for row in rows if row["method"] == word}
    if any(row["run_id"].startswith(word) for row in rows) or not runs:
        return find_run(table, word, results)
    if len(runs) > 1:
        listed = [
            f"{i} ({r['benchmark']}, {r['preset']}, seed {r['seed']})" for i, r in runs.items()
        ]
        raise UsageError(
            f"{results} has {len(runs)} runs of {word!r}.",
            hint="Give the id of one: " + ", ".join(listed[:10]) + ".",
        )
    return find_run(table, next(iter(runs)), results)


def _from_hub(repository: str) -> Path:
    from huggingface_hub import snapshot_download

    name, at, revision = repository.partition("@")
    if not _REPOSITORY.fullmatch(name) or (at and not revision):
        raise UsageError(
            f"{HUB}{repository} names no repository of the Hub.",
            hint="Give hf://USER/NAME, or hf://USER/NAME@REVISION.",
        )
    offline = is_offline()
    try:
        folder = snapshot_download(
            name,
            revision=revision or None,
            allow_patterns=list(_OF_A_MODEL),
            local_files_only=offline,
            endpoint=os.environ.get("HF_ENDPOINT"),
        )
    except Exception as error:
        # the client's errors have changed their base classes with its HTTP library
        known = type(error).__module__.partition(".")[0] in _CLIENTS
        if not known and not isinstance(error, OSError | ValueError):
            raise
        words = str(error).strip().splitlines()
        raise UnavailableError(
            f"The model {name} cannot be fetched from the Hub: {words[0] if words else error}.",
            hint=f"{OFFLINE_VARIABLE} turns the network off; unset it."
            if offline
            else "Is the name right (hf://USER/NAME), and is there a network? For a private one, "
            "log in with `hf auth login`.",
        ) from error
    return Path(folder)
