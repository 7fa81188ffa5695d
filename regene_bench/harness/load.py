"""From a protocol to its data on the device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regene_bench.base.errors import ConfigError, did_you_mean
from regene_bench.base.events import Event
from regene_bench.base.paths import data_roots, download_dir
from regene_bench.data.device_images import BenchmarkData, place
from regene_bench.data.load import load_dataset
from regene_bench.data.shapes import Preset
from regene_bench.data.source import DatasetSource, SourceRequest
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.reference_set import reference_images, stratified_labels
from regene_bench.plan.protocol import Benchmark
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.runtime import Runtime


def load_data(
    host: PluginHost, benchmark: Benchmark, folders: Sequence[Path], runtime: Runtime
) -> BenchmarkData:
    """Find (or fetch), decode and place both splits of a benchmark's data.

    Args:
        host: Knows the data sources.
        benchmark: The protocol.
        folders: Where to look before the usual places.
        runtime: Device, progress, and whether to stop.

    Raises:
        DataError: The data are missing or corrupt.
        ConfigError: The protocol generates a class that the data do not have.
        Interrupted: A stop was asked for.
    """
    table = benchmark.data
    source_class: type[DatasetSource] = host.find("dataset", table.source).load()
    request = SourceRequest(
        name=table.source,
        shape=table.shape,
        roots=data_roots(folders),
        download_dir=download_dir(),
        options=table.options,
    )

    def tell(event: Event) -> None:
        runtime.stop.check()
        runtime.emit(event)

    loaded = load_dataset(source_class(request), source_name=table.source, progress=tell)
    names = loaded.train.class_names
    for name in benchmark.evaluation.generate_classes or []:
        if name not in names:
            raise ConfigError(
                f"{benchmark.name}: evaluation.generate_classes names {name!r}.",
                hint=did_you_mean(name, names),
            )
    return BenchmarkData(
        name=table.source,
        shape=table.shape,
        class_names=names,
        fingerprint=loaded.fingerprint,
        train=place(loaded.train, runtime.device),
        test=place(loaded.test, runtime.device),
        augmentation=benchmark.augmentation,
    )


def make_comparison(benchmark: Benchmark, preset: Preset, data: BenchmarkData) -> Comparison:
    """Lay out labels and choose real images as the protocol says."""
    chosen = benchmark.evaluation.generate_classes
    keep = None if chosen is None else [data.class_names.index(name) for name in chosen]
    table = benchmark.presets[preset]
    return Comparison(
        labels=stratified_labels(data.test.labels, table.n_generated, keep),
        train=reference_images(data.train, table.n_reference, data.fingerprint, keep),
        test=reference_images(data.test, table.n_reference, data.fingerprint, keep),
        reference_split=benchmark.evaluation.reference_split,
    )
