"""Prints autoencoders of this benchmark beside pythae's at an equal budget (docs/peers.md).

Each side sees as many training images (the prior of ``vqvae`` some more) and draws as many samples,
which are scored by one and the same call. Ours have their ``quick`` networks; pythae's have its
defaults, one hidden layer of 512 units, with 16 latents, batches of 64 and Adam at 1e-3. Its codes
come from a mixture of ten Gaussians, ours from one for each class as the preset has it (``vae`` of
pythae: from
N(0, I), as it is trained for). CPU seconds are those of training and of fitting the mixture, on one
thread. Seeds are averaged.

Usage: python benchmarks/peers.py [--benchmarks mnist,fashion-mnist] [--methods vae,wae,vqvae]
                                  [--images 100000] [--samples 2000] [--seeds 2]

pythae is no dependency: ``pip install pythae``. Without it, only our rows are printed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import Tensor

from regene_bench.api import (
    BenchmarkData,
    CheckpointStore,
    Method,
    Runtime,
    SampleRng,
    StopRequest,
    to_float,
    to_uint8,
)
from regene_bench.base.events import silent
from regene_bench.harness.workbench import set_up_workbench
from regene_bench.plan.protocol import load_benchmark
from regene_bench.plugins.host import PluginHost, load_plugins
from regene_bench.samples.score import score

LATENTS, BATCH, RATE, FITTED = 16, 64, 1e-3, 20_000
PEERS = {"vae": "VAE", "wae": "WAE_MMD", "rae_sn": "RAE_L2"}
METRICS = ("fd_efficientnet_lite0", "precision", "recall", "density", "coverage")
CPU = torch.device("cpu")
HEADER = ("benchmark", "method", "side", *METRICS, "CPU s")


def main() -> None:
    given = arguments()
    torch.set_num_threads(1)
    host = load_plugins()
    both = importlib.util.find_spec("pythae") is not None
    if not both:
        print("pythae is not installed (pip install pythae): ours alone", file=sys.stderr)
    print(f"{given.images:,} images seen, {given.samples:,} samples, {given.seeds} seed(s).\n")
    print(row(*HEADER), row(*["---"] * 3, *["--:"] * (len(HEADER) - 3)), sep="\n")
    for benchmark in given.benchmarks.split(","):
        data = data_of(host, benchmark)
        for method in given.methods.split(","):
            for line in lines(host, benchmark, method, data, given, both):
                print(line, flush=True)


def lines(
    host: PluginHost,
    benchmark: str,
    method: str,
    data: BenchmarkData,
    given: argparse.Namespace,
    both: bool,
) -> Iterator[str]:
    """Our row of a method, and pythae's where it has one."""
    chosen: type[Method] = host.find("method", method).load()
    sides: dict[str, Callable[[int], tuple[Tensor, float]]] = {
        "regene-bench": lambda seed: ours(chosen, data, seed, given)
    }
    if both and method in PEERS:
        sides["pythae"] = lambda seed: theirs(PEERS[method], data, seed, given)
    for side, train in sides.items():
        found = [scored(benchmark, *train(seed)) for seed in range(given.seeds)]
        means = [mean(column) for column in zip(*found, strict=True)]
        yield row(
            benchmark, f"`{method}`", side, *(f"{value:.{digits(value)}f}" for value in means)
        )


def ours(
    method: type[Method], data: BenchmarkData, seed: int, given: argparse.Namespace
) -> tuple[Tensor, float]:
    """Train a method of this benchmark and draw: uint8 ``[N, C, H, W]``, and CPU seconds."""
    start = time.process_time()
    model = trained(method, data, seed, given.images)
    seconds = time.process_time() - start
    labels = torch.arange(given.samples) % data.shape.n_classes
    return to_uint8(model.generate(labels, SampleRng(seed)).images), seconds


def trained(method: type[Method], data: BenchmarkData, seed: int, images: int) -> Any:
    """A method's model by the preset ``quick``, after so many images."""
    values = method.preset("quick", data.shape) | {"images": images}
    with tempfile.TemporaryDirectory() as folder:
        store = CheckpointStore(Path(folder))
        runtime = Runtime(CPU, "float32", seed, store, stop=StopRequest())
        return method(method.Config(**values)).fit(data, runtime)


def theirs(
    name: str, data: BenchmarkData, seed: int, given: argparse.Namespace
) -> tuple[Tensor, float]:
    """Train a model of pythae with its own trainer and draw, as ``ours`` does."""
    from pythae import models, samplers
    from pythae.data.datasets import BaseDataset
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    logging.disable(logging.WARNING)
    torch.manual_seed(seed)
    config = getattr(models, f"{name}_Config" if "_" in name else f"{name}Config")
    sizes = (data.shape.channels, data.shape.height, data.shape.width)
    model = getattr(models, name)(config(input_dim=sizes, latent_dim=LATENTS))
    images = to_float(data.train.images)
    passes = -(-given.images // len(images))
    seen = torch.cat([torch.randperm(len(images)) for _ in range(passes)])[: given.images]
    quiet: Any = contextlib.redirect_stderr(io.StringIO())
    with tempfile.TemporaryDirectory() as folder, quiet, contextlib.redirect_stdout(io.StringIO()):
        trainer = BaseTrainer(
            model=model,
            train_dataset=BaseDataset(images[seen], torch.zeros(len(seen))),
            training_config=BaseTrainerConfig(
                output_dir=folder,
                per_device_train_batch_size=BATCH,
                num_epochs=1,
                learning_rate=RATE,
                seed=seed,
                no_cuda=True,
            ),
        )
        start = time.process_time()
        trainer.train()
        sampler = samplers.NormalSampler(model.eval())
        if name != "VAE":
            sampler = samplers.GaussianMixtureSampler(model)
            sampler.fit(images[:FITTED])
        seconds = time.process_time() - start
        drawn: Tensor = sampler.sample(num_samples=given.samples)
    return to_uint8(drawn.detach().clamp(0, 1)), seconds


def scored(benchmark: str, images: Tensor, seconds: float) -> list[float]:
    """What ``score`` finds of drawn images, and the seconds behind them."""
    report = score(
        images,
        against=benchmark,
        labels="none",
        metrics="fd_efficientnet_lite0,prdc",
        preset="quick",
        device="cpu",
        emit=silent,
    )
    return [*(report.value(metric) for metric in METRICS), seconds]


def data_of(host: PluginHost, name: str) -> BenchmarkData:
    """A benchmark's images."""
    bench = set_up_workbench(
        host,
        load_benchmark(host, name),
        "quick",
        device=CPU,
        precision="float32",
        folders=(),
        task=name,
        stop=StopRequest(),
        emit=silent,
    )
    return bench.data


def digits(value: float) -> int:
    """Decimals to print: three of shares, one of distances and seconds."""
    return 3 if value < 2 else 1


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--benchmarks", default="mnist,fashion-mnist")
    parser.add_argument("--methods", default="vae,wae,rae_sn,vqvae")
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--seeds", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
