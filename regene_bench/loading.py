"""From a protocol to its data on the device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regene_bench.benchmark import Benchmark
from regene_bench.data.cache import load_dataset
from regene_bench.data.dataset import BenchmarkData, place
from regene_bench.errors import ConfigError, did_you_mean
from regene_bench.events import Event
from regene_bench.interfaces import DatasetSource, SourceRequest
from regene_bench.paths import data_roots, download_dir
from regene_bench.plugins import PluginHost
from regene_bench.runtime import Runtime


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
