"""From a protocol to its data on the device, and to all that images are measured against."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from regene_bench.base.errors import ConfigError, did_you_mean
from regene_bench.base.events import Event, Sink
from regene_bench.base.guard import guarded
from regene_bench.base.paths import cache_dir, data_roots, download_dir
from regene_bench.data.device_images import BenchmarkData, place
from regene_bench.data.load import load_dataset
from regene_bench.data.shapes import Preset
from regene_bench.data.source import DatasetSource, SourceRequest
from regene_bench.evaluation.comparison import Comparison, reference_images, stratified_labels
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.harness.shared_data import SharedData
from regene_bench.plan.extractors import (
    extractor_options,
    find_extractor,
    registered_id,
    whose_extractor,
)
from regene_bench.plan.protocol import Benchmark
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.device import Precision
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stop import StopRequest


@dataclass(frozen=True)
class Workbench:
    """A benchmark that is ready to measure on: its data, and what images are compared with.

    It knows of no run, so that images of any origin can be scored with it. A call that trains
    methods makes a ``Setting`` (``harness/run.py``) of it, which adds what the call's runs share:
    the results folder, the metrics, precision and checkpoints of training.

    Attributes:
        data: Both splits, on the device.
        comparison: The labels to generate, and the real images to compare with.
        shelf: Feature extractors, and the features of real images.
        shared: Watches over data and comparison.
        runtime: Device, precision, progress and stop, for work that belongs to no run; its seed is
            0, and what is trained with it (the neutral classifier) lies in the cache folder, and
            in the results folder whose runs it judges.
    """

    data: BenchmarkData
    comparison: Comparison
    shelf: FeatureCache
    runtime: Runtime
    shared: SharedData


def set_up_workbench(
    host: PluginHost,
    benchmark: Benchmark,
    preset: Preset,
    *,
    device: torch.device,
    precision: Precision,
    folders: Sequence[Path],
    task: str,
    stop: StopRequest,
    emit: Sink,
    checkpoint_seconds: float = 30.0,
    decode_again: bool = False,
    results: Path | None = None,
    also_on: Sequence[torch.device] = (),
) -> Workbench:
    """Read a benchmark's data, and get ready to measure images against them.

    Args:
        host: Knows the data sources and the feature extractors.
        benchmark: The protocol.
        preset: Which of the protocol's: how many images are compared, and how extractors are made.
        device: Where data and extractors are to be.
        precision: Arithmetic of what extractors train.
        folders: Where to look for data before the usual places.
        task: What the work is called where progress is shown.
        stop: Looked at between steps.
        emit: Takes progress events.
        checkpoint_seconds: Time between checkpoints of what extractors train.
        decode_again: As of ``load_dataset``.
        results: The results folder that scores go to, where there is one.
        also_on: As of ``FeatureCache``.

    Raises:
        DataError: The data are missing or corrupt.
        ConfigError: The protocol generates a class that the data do not have.
        Interrupted: A stop was asked for.
    """
    runtime = make_runtime(
        device=device,
        precision=precision,
        task=task,
        stop=stop,
        emit=emit,
        checkpoint_seconds=checkpoint_seconds,
        results=results,
    )
    data = load_data(host, benchmark, folders, runtime, decode_again=decode_again)
    shelf = FeatureCache(
        partial(find_extractor, host),
        extractor_options(host, benchmark, preset),
        data,
        runtime,
        partial(registered_id, host),
        partial(whose_extractor, host),
        lambda: shared.restore(),
        also_on,
    )
    comparison = make_comparison(benchmark, preset, data)

    def read_anew() -> tuple[BenchmarkData, Comparison]:
        again = load_data(host, benchmark, folders, runtime)
        return again, make_comparison(benchmark, preset, again)

    shared = SharedData(data, comparison, read_anew)
    return Workbench(data, comparison, shelf, runtime, shared)


def make_runtime(
    *,
    device: torch.device,
    precision: Precision,
    task: str,
    stop: StopRequest,
    emit: Sink,
    checkpoint_seconds: float = 30.0,
    results: Path | None = None,
) -> Runtime:
    """Make the runtime of work that belongs to no run; arguments as of ``set_up_workbench``."""
    return Runtime(
        device=device,
        precision=precision,
        seed=0,
        checkpoints=CheckpointStore(cache_dir(), checkpoint_seconds),
        stop=stop,
        emit=emit,
        task=task,
        results=results,
    )


def load_data(
    host: PluginHost,
    benchmark: Benchmark,
    folders: Sequence[Path],
    runtime: Runtime,
    *,
    decode_again: bool = False,
) -> BenchmarkData:
    """Find (or fetch), decode and place both splits of a benchmark's data.

    Args:
        host: Knows the data sources.
        benchmark: The protocol.
        folders: Where to look before the usual places.
        runtime: Device, progress, and whether to stop.
        decode_again: As of ``load_dataset``.

    Raises:
        DataError: The data are missing or corrupt.
        PluginError: The source raised anything else.
        ConfigError: The protocol generates a class that the data do not have.
        Interrupted: A stop was asked for.
    """
    table = benchmark.data
    entry = host.find("dataset", table.source, home=benchmark.distribution)
    source_class: type[DatasetSource] = entry.load()
    request = SourceRequest(
        name=entry.name,
        shape=table.shape,
        roots=data_roots(folders),
        download_dir=download_dir(),
        # a copy: they enter the ids of runs, whatever the source takes out of them
        options=copy.deepcopy(table.options),
        splits=table.splits,
    )

    def tell(event: Event) -> None:
        runtime.stop.check()
        runtime.emit(event)

    with guarded(entry.described), kept_process_state():
        loaded = load_dataset(
            source_class(request),
            source_name=entry.name,
            progress=tell,
            decode_again=decode_again,
        )
    names = loaded.train.class_names
    return BenchmarkData(
        name=entry.name,
        shape=table.shape,
        class_names=names,
        fingerprint=loaded.fingerprint,
        train=place(loaded.train, runtime.device),
        test=place(loaded.test, runtime.device),
        augmentation=benchmark.augmentation,
        generated=generated_labels(benchmark, names),
    )


def generated_labels(benchmark: Benchmark, names: Sequence[str]) -> tuple[int, ...]:
    """Labels of the classes that a protocol generates, ascending; empty where it names none.

    Args:
        benchmark: The protocol.
        names: K names in label order.

    Raises:
        ConfigError: It names a class that there is not.
    """
    chosen = benchmark.evaluation.generate_classes
    for name in chosen or []:
        if name not in names:
            raise ConfigError(
                f"{benchmark.name}: evaluation.generate_classes names {name!r}.",
                hint=did_you_mean(name, list(names)),
            )
    return tuple(sorted({list(names).index(name) for name in chosen or []}))


def make_comparison(benchmark: Benchmark, preset: Preset, data: BenchmarkData) -> Comparison:
    """Lay out labels and choose real images as the protocol says.

    Both are the same for every method and seed, so that scores differ by what was generated alone.

    Args:
        benchmark: The protocol.
        preset: Says how many images are generated and how many real ones are compared with.
        data: The benchmark's data, on the device.
    """
    keep = data.generated or None
    table = benchmark.presets[preset]
    return Comparison(
        labels=stratified_labels(data.test.labels, table.n_generated, keep),
        train=reference_images(data.train, table.n_reference, data.fingerprint, keep),
        test=reference_images(data.test, table.n_reference, data.fingerprint, keep),
        reference_split=benchmark.evaluation.reference_split,
    )
