"""Count what a GPU would have to do in one training step of each method, on no GPU.

Usage: ``python benchmarks/speed/operations.py [METHOD ...]``, all first-party methods by default;
``docs/speed.md`` has the table that it prints. Methods train a few steps of each stage on 8×8
images with the networks of their preset ``quick``, on the pretended device of the conformance kit.
An *operation* is one that computes: a kernel at least, which a GPU is told to start. A *wait* is a
place where the host stops until the device has caught up.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

from regene_bench.testing.device import pretended

# before anything else of ours is imported
PRETENDED = pretended.install()

import torch  # noqa: E402
from regene_bench_plugins.methods.common import optim  # noqa: E402

from regene_bench.base.events import Event, Progress, silent  # noqa: E402
from regene_bench.data.device_images import BenchmarkData  # noqa: E402
from regene_bench.plugins.entries import OWN_DISTRIBUTION, Entry  # noqa: E402
from regene_bench.plugins.host import PluginHost, load_plugins  # noqa: E402
from regene_bench.testing.device.looks import StepStop, few_steps  # noqa: E402
from regene_bench.testing.device.watch import watched  # noqa: E402
from regene_bench.testing.methods.trained import SHAPE, MethodSubject  # noqa: E402
from regene_bench.testing.stripes import moved, striped_data, stripes  # noqa: E402
from regene_bench.training import stage_run  # noqa: E402

_STEPS = 8
# no epoch ends within so few steps
_PER_CLASS = 3000


@dataclass(frozen=True)
class StageSteps:
    """What a step of one stage of a training asks of the device.

    Attributes:
        method: The method.
        stage: The stage.
        operations: Operations a step, on average.
        waits: Waits a step, on average.
    """

    method: str
    stage: str
    operations: float
    waits: float

    def __str__(self) -> str:
        return f"| `{self.method}` | {self.stage} | {self.operations:.0f} | {self.waits:g} |"


def stages_of(entry: Entry, host: PluginHost, data: BenchmarkData) -> Iterator[StageSteps]:
    """Train a method for a few steps of each of its stages, and count.

    Args:
        entry: The method.
        host: The installed plugins.
        data: What it trains on, on the pretended device.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        watched(PRETENDED.tally, "regene_bench_plugins") as watch,
        few_steps(_STEPS),
    ):
        ends: dict[str, int] = {}

        def note(event: Event) -> None:
            if isinstance(event, Progress) and event.done == event.total:
                ends[event.task.rpartition(": ")[2]] = len(watch.steps)

        subject = MethodSubject(entry, Path(folder), host, silent)
        runtime = replace(subject.runtime(stop=StepStop(watch)), device=PRETENDED.device, emit=note)
        values = subject.method.preset("quick", data.shape)
        subject.fit(runtime, data, {**subject.method.smoke(data.shape), **values})
        begin = 0
        for stage, end in ends.items():
            # the first step makes what the others use
            steps = [step for step in watch.steps[begin:end] if step.updates][1:]
            if steps:
                yield StageSteps(
                    entry.name,
                    stage,
                    mean(step.operations for step in steps),
                    mean(step.waits for step in steps),
                )
            begin = end


def table(names: Sequence[str]) -> Iterator[str]:
    """The table's lines, for some methods or, if none is named, for all of ours."""
    torch.set_num_threads(1)
    # on a GPU all weights are changed by one operation, and nobody reads the losses at these steps
    optim._FUSED_DEVICES += (pretended.NAME,)
    stage_run._REPORT_SECONDS = float("inf")
    host = load_plugins()
    data = replace(striped_data(SHAPE), train=stripes(SHAPE, _PER_CLASS, seed=0))
    data = moved(data, PRETENDED.device)
    yield "| method | stage | operations | waits |"
    yield "|---|---|---:|---:|"
    for entry in host.entries("method"):
        if entry.distribution == OWN_DISTRIBUTION and entry.name in (names or [entry.name]):
            yield from map(str, stages_of(entry, host, data))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("methods", nargs="*", help="names; all by default")
    for line in table(parser.parse_args().methods):
        print(line, flush=True)
