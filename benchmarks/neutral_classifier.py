"""Prints what cheaper neutral classifiers of a benchmark would cost, and how well they judge.

Each line is a recipe, trained from several seeds: accuracy on real held-out images, the standard
error of the mean, and CPU time. The recipes of a protocol's presets were chosen by such tables.

Usage: python benchmarks/neutral_classifier.py [BENCHMARK] [--seeds N] [--recipes DEPTH:EPOCHS …]
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from regene_bench_plugins.backbones.resnet_cifar import standardise
from regene_bench_plugins.extractors.neutral_classifier import NeutralConfig, _build, _fit

from regene_bench.api import BenchmarkData, Runtime
from regene_bench.base.events import silent
from regene_bench.harness.workbench import load_data, make_runtime
from regene_bench.plan.protocol import load_benchmark
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.stop import StopRequest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark", nargs="?", default="digits")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--recipes", nargs="+", default=["56:30", "20:30", "14:30", "8:30"])
    given = parser.parse_args()
    host = load_plugins()
    runtime = make_runtime(
        device=torch.device("cpu"),
        precision="float32",
        task="",
        stop=StopRequest(),
        emit=silent,
    )
    data = load_data(host, load_benchmark(host, given.benchmark), [], runtime)
    print(f"{given.benchmark}, {torch.get_num_threads()} thread(s), {given.seeds} seeds")
    print(f"{'depth':>5}{'epochs':>8}{'accuracy':>18}{'CPU s':>8}")
    for recipe in given.recipes:
        depth, _, epochs = recipe.partition(":")
        config = NeutralConfig(depth=int(depth), epochs=float(epochs))
        judged = [trained(data, config, replace(runtime, seed=seed)) for seed in range(given.seeds)]
        accuracies, seconds = zip(*judged, strict=True)
        error = statistics.stdev(accuracies) / math.sqrt(len(accuracies))
        accuracy = f"{statistics.mean(accuracies):.2%} ± {error:.2%}"
        print(f"{depth:>5}{epochs:>8}{accuracy:>18}{statistics.median(seconds):8.1f}", flush=True)


def trained(data: BenchmarkData, config: NeutralConfig, runtime: Runtime) -> tuple[float, float]:
    """The accuracy on held-out images after a training from a seed, and its CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        own = replace(runtime, checkpoints=CheckpointStore(Path(folder)))
        start = time.process_time()
        network = _build(data, config, own)
        _fit(network, data, config, own)
        seconds = time.process_time() - start
    with torch.inference_mode():
        logits = network.eval()(standardise(data.test.images / 255))
    return float((logits.argmax(1) == data.test.labels).float().mean()), seconds


if __name__ == "__main__":
    main()
