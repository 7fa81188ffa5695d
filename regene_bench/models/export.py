"""A trained model as a folder that stands by itself: weights, configuration, scores, a card."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from regene_bench.base.errors import MethodError, ResultsError, UsageError
from regene_bench.base.files import whole_folder
from regene_bench.harness.model_description import read_description, write_description
from regene_bench.leaderboard.record import RunRecord
from regene_bench.models.card import CARD, card_of
from regene_bench.models.ended_training import FOLDER, EndedTraining
from regene_bench.models.eval_results import EVAL_RESULTS, eval_results_of
from regene_bench.models.find import find_record, find_run_model
from regene_bench.models.trained import TrainedModel
from regene_bench.models.weights_file import write_weights
from regene_bench.training.capabilities import SAMPLING_STATE, KeepsSamplingState

SCORES: Final = "scores.json"
PICTURES: Final = ("samples.png", "reconstructions.png")


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        folder: Where.
        files: Names and sizes in bytes.
        needs_data: Whether the model reads the benchmark's data before it can generate.
        is_of_a_file: Whether its method is in a file, so that nobody can load it.
    """

    folder: Path
    files: dict[str, int]
    needs_data: bool
    is_of_a_file: bool


def export(
    run: str,
    folder: Path,
    results: Path,
    *,
    model: TrainedModel | None = None,
    licence: str = "",
    leaderboard: str = "",
) -> Exported:
    """Write a run's model into a folder of its own.

    Args:
        run: The run's id, the beginning of it, or its method where that has one run only.
        folder: Where to; nothing may be there.
        results: Folder of results that the run is in.
        model: The run's model, loaded, whose sampling state is to be kept with the weights, so
            that it generates without the benchmark's data; without it that is left out.
        licence: Under which the model is given away, as the Hub spells it; none is asserted if
            empty.
        leaderboard: A data set on the Hub whose leaderboard the scores are also written for, in
            the Hub's newer form; none if empty.

    Returns:
        What was written.

    Raises:
        UsageError: There is no such run, or something is at the folder's place.
        ResultsError: The run has no model, or the folder cannot be written.
        MethodError: The method cannot give its sampling state.
    """
    if folder.exists() or folder.is_symlink():
        raise UsageError(
            f"{folder} is there already.", hint="Give another name, or remove it first."
        )
    own = find_run_model(run, results)
    record = find_record(run, results)
    checkpoints = _checkpoints(own)
    if model is not None:
        checkpoints[SAMPLING_STATE] = _sampling_state(model)
    try:
        with whole_folder(folder) as new:
            _write(new, own, record, checkpoints, licence)
            if leaderboard:
                path = new / EVAL_RESULTS
                path.parent.mkdir()
                path.write_text(eval_results_of(record, leaderboard), encoding="utf-8")
    except OSError as error:
        raise ResultsError(
            f"Cannot write {folder}: {error.strerror or error}.",
            hint="Free disk space, or give another place; nothing was left there.",
        ) from error
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    files = {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
    of_a_file = read_description(own).is_of_a_file
    return Exported(folder, files, SAMPLING_STATE not in checkpoints, of_a_file)


def _write(
    new: Path, own: Path, record: RunRecord, checkpoints: dict[str, Any], licence: str
) -> None:
    description = read_description(own)
    write_description(new, description)
    if checkpoints:
        write_weights(new, checkpoints)
    rows = json.dumps(record.rows(), indent=2, ensure_ascii=False, default=str)
    (new / SCORES).write_text(rows, encoding="utf-8")
    pictures = [name for name in PICTURES if (own / name).is_file()]
    for name in pictures:
        shutil.copyfile(own / name, new / name)
    has_weights, keeps = bool(checkpoints), SAMPLING_STATE in checkpoints
    text = card_of(
        description, record, pictures, licence, has_weights=has_weights, keeps_sampling_state=keeps
    )
    (new / CARD).write_text(text, encoding="utf-8")


def _checkpoints(own: Path) -> dict[str, Any]:
    store = EndedTraining(own / FOLDER)
    names = sorted(path.stem for path in store.folder.glob("*.safetensors"))
    return {name: store.load(name) for name in names if not name.startswith(".")}


def _sampling_state(model: TrainedModel) -> dict[str, Any]:
    if not isinstance(model.raw, KeepsSamplingState):
        raise MethodError(
            f"{model.description.method} cannot keep what it draws from with its weights.",
            hint="Leave the option out: the model then reads the benchmark's data where it needs "
            "them, or it needs none.",
        )
    return dict(model.raw.sampling_state())
