"""Contracts of benchmarks: a protocol is valid, complete, and true of its data."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

import torch

from regene_bench.base.errors import DataError, RegeneBenchError
from regene_bench.base.events import Sink
from regene_bench.base.hashing import canonical_json
from regene_bench.data.device_images import BenchmarkData
from regene_bench.data.shapes import PRESETS
from regene_bench.harness.workbench import load_data
from regene_bench.plan.metrics import check_extractor_tables, choose_metrics
from regene_bench.plan.protocol import Benchmark, load_benchmark
from regene_bench.plan.runs import choose
from regene_bench.plan.selection import Selection
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.runtime import Runtime
from regene_bench.testing.check import Broken, NotApplicable, require
from regene_bench.testing.registration import REGISTRATION_CHECKS


class BenchmarkSubject:
    """What the checks of benchmarks are called with: a protocol and the plugins that it names.

    Args:
        entry: The protocol's registration.
        folder: An empty folder.
        host: The installed plugins.
        emit: Called with progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self.host = host
        self._folder = folder
        self._emit = emit

    @cached_property
    def benchmark(self) -> Benchmark:
        """The validated protocol, read once for all checks."""
        return load_benchmark(self.host, self.entry.qualified_name)

    @cached_property
    def data(self) -> BenchmarkData:
        """Both splits of its data, loaded once for all checks.

        Raises:
            NotApplicable: They are not on this machine.
        """
        store = CheckpointStore(self._folder)
        runtime = Runtime(torch.device("cpu"), "float32", 0, store, emit=self._emit)
        try:
            return load_data(self.host, self.benchmark, (), runtime)
        except DataError as error:
            raise NotApplicable(f"its data are not to be had here: {error.message}") from None


def the_protocol_is_valid(subject: BenchmarkSubject) -> None:
    """The file is valid TOML with every table, and the benchmark's name is the registered one.

    Mend: the message names the key; write ``name`` as it is passed to ``register``, because
    results are kept under it.
    """
    name = subject.benchmark.name
    require(name == subject.entry.name, f"the file says name = {name!r}")
    require(bool(subject.benchmark.description.strip()), "it has no description")


def the_protocol_survives_json(subject: BenchmarkSubject) -> None:
    """The protocol becomes JSON and comes back equal: runs are identified by it.

    Mend: keep to numbers, strings, lists and tables in ``options``; TOML's dates do not come back.
    """
    text = canonical_json(subject.benchmark.model_dump(mode="json"))
    back = Benchmark.model_validate(json.loads(text))
    same = back.model_dump() == subject.benchmark.model_dump()
    require(same, f"it came back from JSON as {back!r}")


def everything_it_names_is_registered(subject: BenchmarkSubject) -> None:
    """Its data source, methods, metrics, extractors and ranking column exist.

    Mend: correct the name, or depend on the distribution that registers it.
    """
    benchmark, host = subject.benchmark, subject.host
    try:
        home = benchmark.distribution
        host.find("dataset", benchmark.data.source, home=home)
        for method in benchmark.default_methods:
            host.find("method", method, home=home)
        choose_metrics(host, benchmark)
        check_extractor_tables(host, benchmark)
    except RegeneBenchError as error:
        raise Broken(str(error)) from None


def its_methods_have_valid_presets(subject: BenchmarkSubject) -> None:
    """Every default method has a valid configuration for its images, under every preset.

    Mend: change the method's ``preset`` for this shape, or leave the method out.
    """
    selections = [Selection(name, ({},)) for name in subject.benchmark.default_methods]
    for preset in PRESETS:
        try:
            home = subject.benchmark.distribution
            choose(subject.host, subject.benchmark, selections, [0], preset, {}, home=home)
        except RegeneBenchError as error:
            raise Broken(f"preset {preset}: {error}") from None


def its_data_are_what_it_says(subject: BenchmarkSubject) -> None:
    """Its data have the stated shape and number of classes, and each class that is generated has
    images in both splits.

    Mend: correct ``[data]``, or ``evaluation.generate_classes``.
    """
    data, evaluation = subject.data, subject.benchmark.evaluation
    require(
        len(data.class_names) == data.shape.n_classes, f"it has {len(data.class_names)} classes"
    )
    for split, images in (("train", data.train), ("test", data.test)):
        present = set(torch.unique(images.labels).tolist())
        for label, name in enumerate(data.class_names):
            if name in (evaluation.generate_classes or data.class_names):
                require(label in present, f"the {split} split has no image of {name!r}")


Subject = BenchmarkSubject
CHECKS = (
    *REGISTRATION_CHECKS,
    the_protocol_is_valid,
    the_protocol_survives_json,
    everything_it_names_is_registered,
    its_methods_have_valid_presets,
    its_data_are_what_it_says,
)
