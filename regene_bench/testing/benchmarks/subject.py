"""A protocol, with the plugins that it names."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import torch

from regene_bench.base.errors import DataError
from regene_bench.base.events import Sink
from regene_bench.data.device_images import BenchmarkData
from regene_bench.harness.load import load_data
from regene_bench.plan.protocol import Benchmark, load_benchmark
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.runtime import Runtime
from regene_bench.testing.contract import NotApplicable


class BenchmarkSubject:
    """What the checks of benchmarks look at.

    Args:
        entry: The protocol's registration.
        folder: An empty folder.
        host: The installed plugins.
        emit: Takes progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self.host = host
        self._folder = folder
        self._emit = emit

    @cached_property
    def benchmark(self) -> Benchmark:
        """The protocol, validated."""
        return load_benchmark(self.host, self.entry.qualified_name)

    @cached_property
    def data(self) -> BenchmarkData:
        """Both splits of its data.

        Raises:
            NotApplicable: They are not on this machine.
        """
        store = CheckpointStore(self._folder)
        runtime = Runtime(torch.device("cpu"), "float32", 0, store, emit=self._emit)
        try:
            return load_data(self.host, self.benchmark, (), runtime)
        except DataError as error:
            raise NotApplicable(f"its data are not to be had here: {error.message}") from None
