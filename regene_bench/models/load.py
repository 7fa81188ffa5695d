"""``regene_bench.load``: a trained model, from a run, a folder or the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch

from regene_bench.base.errors import PluginError, ResultsError
from regene_bench.base.events import Sink
from regene_bench.base.guard import guarded
from regene_bench.base.paths import DEFAULT_RESULTS
from regene_bench.base.validation import validate
from regene_bench.data.device_images import BenchmarkData
from regene_bench.harness.model_description import ModelDescription, read_description
from regene_bench.harness.options import folders_of
from regene_bench.harness.workbench import load_data, make_runtime
from regene_bench.models.ended_training import FOLDER, EndedTraining
from regene_bench.models.find import find_model
from regene_bench.models.trained import TrainedModel
from regene_bench.models.unread_data import unread_data
from regene_bench.models.weights_file import FILE as WEIGHTS
from regene_bench.models.weights_file import WeightsFile
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost, load_plugins
from regene_bench.runtime.determinism import deterministic
from regene_bench.runtime.device import choose_device
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.runtime.progress import watched
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stop import StopRequest
from regene_bench.stores.opening import results_folder
from regene_bench.training.method import Method

MAKE_A_PLUGIN: Final = (
    "Make a plugin of it (`regene-bench new method NAME` writes one to copy it into), install that "
    "and train it again."
)


def load(
    source: Path | str,
    *,
    results: Path | str = DEFAULT_RESULTS,
    data: Path | str | Sequence[Path | str] = (),
    device: str = "auto",
    emit: Sink | None = None,
    stop: StopRequest | None = None,
) -> TrainedModel:
    """Load a trained model.

    Nothing is trained, and no code comes from the model's files: its method must be installed here.
    The benchmark's data are read only if the method asks for images, as ReGene does when it first
    generates.

    Args:
        source: A run's id or the beginning of it, its method where that has one run only, a folder
            with ``model.json`` (of a run, or of ``regene-bench export``), or ``hf://user/name`` of
            the Hugging Face Hub.
        results: Folder of results that the run is in, or the address of a store.
        data: A folder to look for the benchmark's data in before the usual places, or several.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``; another than it was trained on
            will do.
        emit: Takes progress events; bars on a terminal and nothing elsewhere if not given.
        stop: Looked at between pieces of work.

    Returns:
        The model, in evaluation mode.

    Raises:
        UsageError: There is no such run or device.
        ResultsError: Its folder lacks something, or is damaged.
        PluginError: Its method is not installed, or in another version.
        DataError: The method needs the data, and they are not here.
    """
    stop = stop or StopRequest()
    folder = find_model(source, results_folder(results))
    description = read_description(folder)
    if description.is_of_a_file:
        raise PluginError(
            f"{description.method}, which trained this model, is a method in a file, and files "
            "are not executed to load a model.",
            hint=MAKE_A_PLUGIN,
        )
    host = load_plugins()
    entry = host.find("method", f"{description.distribution}:{description.method}")
    method = method_of(description, entry)
    chosen = choose_device(device)
    with deterministic(), watched(emit, stop) as sink:
        runtime = _runtime(description, folder, chosen, sink, stop)

        def read() -> BenchmarkData:
            return _read(description, host, folders_of(data), runtime)

        unread = unread_data(description, chosen, read)
        config = validate(method.Config, description.params, f"{folder}: params")
        with guarded(entry.described), kept_process_state():
            raw = method(config).fit(unread, runtime)
    return TrainedModel(description, raw, runtime)


def method_of(description: ModelDescription, entry: Entry) -> type[Method]:
    """Load the class of the method that trained a model.

    Raises:
        PluginError: Its version is another, so that its networks may be others, too; or it cannot
            be used.
    """
    method: type[Method] = entry.load()
    if method.version != description.method_version:
        raise PluginError(
            f"The model is of version {description.method_version} of {description.method}; "
            f"installed is version {method.version}.",
            hint=f"Install {description.distribution} {description.distribution_version}, or train "
            "it again.",
        )
    return method


def _runtime(
    description: ModelDescription,
    folder: Path,
    device: torch.device,
    emit: Sink,
    stop: StopRequest,
) -> Runtime:
    exported = (folder / WEIGHTS).is_file()
    kind, where = (WeightsFile, folder) if exported else (EndedTraining, folder / FOLDER)
    checkpoints = kind(where, interval=0.0)
    return Runtime(
        device=device,
        precision=description.precision if device.type != "mps" else "float32",
        seed=description.seed,
        checkpoints=checkpoints,
        stop=stop,
        emit=emit,
        task=f"{description.method} · seed {description.seed}",
    )


def _read(
    description: ModelDescription, host: PluginHost, folders: Sequence[Path], runtime: Runtime
) -> BenchmarkData:
    reading = make_runtime(
        device=runtime.device,
        precision=runtime.precision,
        task=description.protocol.name,
        stop=runtime.stop,
        emit=runtime.emit,
    )
    found = load_data(host, description.benchmark, folders, reading)
    if found.fingerprint != description.fingerprint:
        raise ResultsError(
            f"{description.method} needs the images that it was trained on, and the data set "
            f"{found.name} that is here has other ones.",
            hint=f"Its fingerprint is {found.fingerprint}, that of the model's data "
            f"{description.fingerprint}. Name the folder of the right data (data=, --data).",
        )
    return found
