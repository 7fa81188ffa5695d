"""Prints what re-estimated running statistics do for the classifier of ReGene's preset `paper`.

The classifier is trained for some steps at the preset's constant rate, on a benchmark's data, and
classifies the test split in evaluation mode: with the averages that training left, with statistics
of the final weights (``regene_bench/training/running_statistics.py``, as every stage ends), and by
the statistics of each batch of test images. The table has the processor's time for a step, too.

Usage: python benchmarks/running_statistics.py BENCHMARK [--steps N] [--batch-size N] [--seed N]
       [--test-images N]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from regene_bench_plugins.methods.regene.config import ReGeneConfig
from regene_bench_plugins.methods.regene.regene import ReGene
from regene_bench_plugins.methods.regene.training import build_networks, classifier_stage

from regene_bench.api import DeviceImages
from regene_bench.harness.workbench import load_data, make_runtime
from regene_bench.plan.protocol import load_benchmark
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.device import choose_device, choose_precision
from regene_bench.runtime.stop import StopRequest
from regene_bench.training.loop import train
from regene_bench.training.running_statistics import settle_statistics

CHUNK = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch-size", type=int, help="the preset's if not given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--test-images", type=int, default=10_000)
    given = parser.parse_args()
    host = load_plugins()
    benchmark = load_benchmark(host, given.benchmark)
    device = choose_device("auto")
    with tempfile.TemporaryDirectory() as folder:
        runtime = make_runtime(
            device=device,
            precision=choose_precision("auto", device),
            task="classifier",
            stop=StopRequest(),
            emit=lambda event: None,
        )
        runtime = replace(runtime, seed=given.seed, checkpoints=CheckpointStore(Path(folder), 1e9))
        data = load_data(host, benchmark, [], runtime)
        values = ReGene.preset("paper", data.shape)
        if given.batch_size:
            values["classifier_batch_size"] = given.batch_size
        config = ReGeneConfig.model_validate(values)
        with runtime.seeded("init"):
            classifier, _ = build_networks(config, data.shape)
        classifier.to(device)
        stage = classifier_stage(config, classifier, data, runtime)
        stage = replace(stage, total_images=given.steps * stage.batch_size)
        began = time.process_time()
        # without a forward pass of its own, a stage keeps the averages that training left
        train(replace(stage, forward=None), data.train, runtime)
        seconds = (time.process_time() - began) / given.steps
        test = data.test.every_kth(given.test_images)
        trailing = accuracy(classifier, test)
        by_batch = accuracy(classifier.train(), test, restore=True)
        settle_statistics(stage, data.train, runtime)
        settled = accuracy(classifier.eval(), test)
    print("| steps | images a step | averages of the training | statistics taken anew |", end="")
    print(" statistics of each test batch | processor seconds a step |")
    print("|---|---|---|---|---|---|")
    print(f"| {given.steps} | {stage.batch_size} | {trailing:.2%} | {settled:.2%} |", end="")
    print(f" {by_batch:.2%} | {seconds:.2f} |")


def accuracy(classifier: nn.Module, test: DeviceImages, *, restore: bool = False) -> float:
    """Share of test images that are classified right, in the mode that the classifier is in.

    Args:
        classifier: Images to logits.
        test: The images.
        restore: Put the buffers back that the passes change (training mode).
    """
    before = {name: value.clone() for name, value in classifier.named_buffers()}
    with torch.no_grad():
        right = sum(
            int((classifier(images).argmax(1) == labels).sum())
            for images, labels in test.chunks(CHUNK)
        )
    if restore:
        for name, value in classifier.named_buffers():
            value.copy_(before[name])
    return right / len(test)


if __name__ == "__main__":
    main()
