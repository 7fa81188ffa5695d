"""Prints what the first steps of trainings by the preset `paper` cost and do, on real images.

Nobody trains 300 epochs of table A.5 on a CPU. A part of a benchmark's images and of the preset's
epochs (``--set``) shows what would break all the same: a loss that is not finite, samples of one
value, the memory, the time of a step. The networks, losses, rates and schedules are the preset's.

A row a stage: images a step and steps; the loss that is named, at its first and last report; the
processor's seconds a step. Under the table stand what comes out, and the largest memory of the
process so far: reconstructed test images of models that can, since a classifier of a few steps
takes hardly a combination for its class, and generated images of the others.

Usage: python benchmarks/paper_presets.py BENCHMARK METHODS [--images N] [--test-images N]
       [--generate N] [--seed N] [--set METHOD.KEY=VALUE]...
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from regene_bench.api import (
    BenchmarkData,
    Decoder,
    Encoder,
    Generator,
    Runtime,
    SampleRng,
    TrainingDivergedError,
    to_float,
)
from regene_bench.base.events import Event, Progress
from regene_bench.harness.workbench import load_data, make_runtime
from regene_bench.plan.protocol import load_benchmark
from regene_bench.plan.runs import Choice, choose
from regene_bench.plan.selection import parse_selections, parse_settings
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.device import choose_device, choose_precision
from regene_bench.runtime.stop import StopRequest
from regene_bench.training import stage_run

SHOWN = ("loss", "cross_entropy", "generator", "reconstruction")


class Watch:
    """First and last losses and times of each stage, from its progress."""

    def __init__(self) -> None:
        self.first: dict[str, tuple[float, float, dict[str, float]]] = {}
        self.last: dict[str, tuple[float, float, dict[str, float]]] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress) and event.values and event.unit == "images":
            stage = event.task.rpartition(": ")[2]
            seen = event.done, time.process_time(), dict(event.values)
            self.first.setdefault(stage, seen)
            self.last[stage] = seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark")
    parser.add_argument("methods")
    parser.add_argument("--images", type=int, default=2000, help="training images")
    parser.add_argument("--test-images", type=int, default=500)
    parser.add_argument("--generate", type=int, default=50, help="images that come out at the end")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    given = parser.parse_args()
    # every step is reported, so that the first report is of one step, however slow the machine
    stage_run._REPORT_SECONDS = 0.0
    host = load_plugins()
    benchmark = load_benchmark(host, given.benchmark)
    device = choose_device("auto")
    runtime = make_runtime(
        device=device,
        precision=choose_precision("auto", device),
        task="",
        stop=StopRequest(),
        emit=lambda event: None,
    )
    data = load_data(host, benchmark, [], runtime)
    few = replace(
        data,
        train=data.train.every_kth(given.images),
        test=data.test.every_kth(given.test_images),
        counts=(),
    )
    print(
        f"{len(few.train):,} of {len(data.train):,} training images of {benchmark.name}, on ",
        end="",
    )
    print(f"{device}, {torch.get_num_threads()} thread(s).\n")
    print("| run | stage | images a step | steps | loss | first | last | seconds a step |")
    print("|---|---|---|---|---|---|---|---|")
    selections, settings = parse_selections(given.methods), parse_settings(given.settings)
    notes = []
    for choice in choose(host, benchmark, selections, [given.seed], "paper", settings):
        watch = Watch()
        with tempfile.TemporaryDirectory() as folder:
            own = replace(
                runtime,
                seed=given.seed,
                task=choice.title,
                emit=watch,
                ledger=[],
                checkpoints=CheckpointStore(Path(folder), 1e9),
            )
            notes.append(f"{choice.title}: {trained(choice, few, own, given.generate)}")
        for line in rows(choice, watch):
            print(line, flush=True)
    print("\n" + "\n".join(f"- {note}" for note in notes))


def trained(choice: Choice, data: BenchmarkData, runtime: Runtime, n: int) -> str:
    """Train, generate, and say what came of it."""
    try:
        model = choice.method(choice.config).fit(data, runtime)
    except TrainingDivergedError as error:
        return f"diverged. {error}"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    test = data.test.every_kth(n)
    with torch.inference_mode():
        if isinstance(model, Encoder) and isinstance(model, Decoder):
            what, images = "reconstructed", model.decode(model.encode(to_float(test.images)))
        elif isinstance(model, Generator):
            rng = SampleRng(runtime.derive_seed("samples"))
            what, images = "generated", model.generate(test.labels, rng).images.float()
        else:
            return f"nothing comes out; at most {memory:.1f} GiB of memory"
    real = to_float(test.images)
    return (
        f"{len(images)} {what} images with a mean pixel of {images.mean():.3f} (real: "
        f"{real.mean():.3f}) and a mean standard deviation over images of "
        f"{images.std(0).mean():.3f} (real: {real.std(0).mean():.3f}); "
        f"at most {memory:.1f} GiB of memory"
    )


def rows(choice: Choice, watch: Watch) -> list[str]:
    """A line a stage."""
    found = []
    for stage, (first_done, began, first) in watch.first.items():
        done, ended, last = watch.last[stage]
        steps = round(done / first_done)
        name = next((name for name in SHOWN if name in last), next(iter(last)))
        seconds = (ended - began) / (steps - 1) if steps > 1 else 0.0
        found.append(
            f"| {choice.title} | {stage} | {first_done:.0f} | {steps} | {name} | "
            f"{first[name]:.4g} | {last[name]:.4g} | {seconds:.2f} |"
        )
    return found


if __name__ == "__main__":
    main()
