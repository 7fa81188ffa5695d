"""Seconds to train K conditional GANs: one after another, in workers, and stacked as one network.

    python benchmarks/speed/sweep.py                       # K = 1, 8, 64 on the device at hand
    python benchmarks/speed/sweep.py --models 8            # shorter
    python benchmarks/speed/sweep.py --rounds 3            # the ways in turn, and medians

The models differ in noise dimension and seed (cgan, preset ``quick``, 28×28 grey images of random
pixels: what is learned does not matter to the clock). Every way takes as many steps of as many
models, starting from networks that are made. The plain loop is float32 without fused optimisers
and channels_last, as a sketch would have it; the product's loop is `fit`, one model after another.
On a CPU workers are processes of one thread.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch
from regene_bench_plugins.methods.gan.cgan import CGAN, CGANConfig, cgan_setup
from torch.nn import functional as F

from regene_bench.api import BenchmarkData, CheckpointStore, DeviceImages, ImageShape, Runtime
from regene_bench.runtime.device import choose_device, choose_precision, device_name

SHAPE = ImageShape(1, 28, 28, 10)
IMAGES = 4096
NEVER = 1e9


def data_on(device: torch.device) -> BenchmarkData:
    """Random images with labels."""
    draw = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (IMAGES, 1, 28, 28), generator=draw, dtype=torch.uint8)
    images = DeviceImages(pixels.to(device), (torch.arange(IMAGES) % 10).to(device))
    names = tuple(map(str, range(10)))
    return BenchmarkData("random", SHAPE, names, "0" * 64, images, images)


def configs_of(models: int, steps: int) -> list[CGANConfig]:
    """Configurations of the sweep."""
    values = CGAN.preset("quick", SHAPE)
    batch = CGANConfig(**values).batch_size
    return [
        CGANConfig(**(values | {"images": steps * batch, "noise_dim": (2 * i) % 128}))
        for i in range(models)
    ]


def runtimes_of(models: int, device: torch.device, folder: Path) -> list[Runtime]:
    """A runtime a model, with its checkpoints below a folder."""
    precision = choose_precision("auto", device)
    return [
        Runtime(device, precision, seed, CheckpointStore(folder / str(seed), NEVER))
        for seed in range(models)
    ]


def loop(models: int, steps: int, device: torch.device) -> None:
    """``fit``, one model after another."""
    data = data_on(device)
    with tempfile.TemporaryDirectory() as folder:
        runtimes = runtimes_of(models, device, Path(folder))
        for config, runtime in zip(configs_of(models, steps), runtimes, strict=True):
            CGAN(config).fit(data, runtime)
    wait(device)


def stacked(models: int, steps: int, device: torch.device) -> None:
    """``fit_batch``."""
    data = data_on(device)
    with tempfile.TemporaryDirectory() as folder:
        runtimes = runtimes_of(models, device, Path(folder))
        CGAN.fit_batch([*configs_of(models, steps)], data, runtimes)
    wait(device)


def plain(models: int, steps: int, device: torch.device) -> None:
    """A sketch: float32, torch's defaults, a look at the losses at every step."""
    images = data_on(device).train
    for seed, config in enumerate(configs_of(models, steps)):
        torch.manual_seed(seed)
        setup = cgan_setup(config, SHAPE)
        g, d = setup.generator.to(device), setup.discriminator.to(device)
        g.to(memory_format=torch.contiguous_format)
        d.to(memory_format=torch.contiguous_format)
        adam_g = torch.optim.Adam(g.parameters(), 4e-4, (0.5, 0.999), foreach=False)
        adam_d = torch.optim.Adam(d.parameters(), 4e-4, (0.5, 0.999), foreach=False)
        for step in range(steps):
            start = step * config.batch_size % (IMAGES - config.batch_size)
            chosen = torch.arange(start, start + config.batch_size, device=device)
            real, labels = images.batch(chosen), images.labels[chosen]
            fake = g(torch.randn(len(labels), config.noise_dim, device=device), labels)
            loss_d = F.softplus(-d(real, labels).scores).mean()
            loss_d = loss_d + F.softplus(d(fake.detach(), labels).scores).mean()
            adam_d.zero_grad()
            loss_d.backward()
            adam_d.step()
            loss_g = F.softplus(-d(fake, labels).scores).mean()
            adam_g.zero_grad()
            loss_g.backward()
            adam_g.step()
            loss_d.item(), loss_g.item()
    wait(device)


def worker(models: Sequence[int], steps: int, barrier: object, done: object) -> None:
    """Train some of the models in a process of one thread; the clock starts when all are ready."""
    torch.set_num_threads(1)
    device = torch.device("cpu")
    data, configs = data_on(device), configs_of(max(models) + 1, steps)
    with tempfile.TemporaryDirectory() as folder:
        runtimes = runtimes_of(max(models) + 1, device, Path(folder))
        barrier.wait()  # type: ignore[attr-defined]
        for model in models:
            CGAN(configs[model]).fit(data, runtimes[model])
    done.wait()  # type: ignore[attr-defined]


def in_workers(models: int, steps: int) -> float:
    """Seconds of ``models`` in a process a core."""
    context = multiprocessing.get_context("spawn")
    count = min(models, os.cpu_count() or 1)
    ready, done = context.Barrier(count + 1), context.Barrier(count + 1)
    shares = [list(range(number, models, count)) for number in range(count)]
    processes = [
        context.Process(target=worker, args=(share, steps, ready, done)) for share in shares
    ]
    for process in processes:
        process.start()
    ready.wait()
    started = time.perf_counter()
    done.wait()
    seconds = time.perf_counter() - started
    for process in processes:
        process.join()
    return seconds


def wait(device: torch.device) -> None:
    """Wait for the device's queue."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(way: object, models: int, steps: int, device: torch.device) -> float:
    """Time a way once."""
    started = time.perf_counter()
    way(models, steps, device)  # type: ignore[operator]
    return time.perf_counter() - started


def in_turn(models: int, steps: int, device: torch.device) -> list[float]:
    """Seconds of each way: plain, ``fit``, workers (NaN where there are none), stacked."""
    seconds = [seconds_of(way, models, steps, device) for way in (plain, loop)]
    seconds.append(in_workers(models, steps) if device.type == "cpu" else float("nan"))
    return [*seconds, seconds_of(stacked, models, steps, device)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="1,8,64", help="numbers of models")
    parser.add_argument("--steps", type=int, default=20, help="of each model")
    parser.add_argument("--rounds", type=int, default=1, help="of which medians are printed")
    parser.add_argument("--device", default="auto")
    given = parser.parse_args()
    device = choose_device(given.device)
    name = device_name(device) or f"CPU, {torch.get_num_threads()} threads"
    batch = configs_of(1, 1)[0].batch_size
    print(
        f"{name}, {choose_precision('auto', device)}, {given.steps} steps of batch {batch}, "
        f"{given.rounds} round(s)"
    )
    for way in (loop, stacked, plain):
        way(1, 2, device)  # kernels are chosen and caches filled here
    ways = ("plain loop", "fit loop", "workers", "stacked")
    print(f"{'models':>6}" + "".join(f"{way:>12}" for way in ways) + f"{'best/plain':>12}")
    for models in map(int, given.models.split(",")):
        rounds = [in_turn(models, given.steps, device) for _ in range(given.rounds)]
        seconds = [median(found) for found in zip(*rounds, strict=True)]
        best = min(value for value in seconds[1:] if value == value)
        cells = "".join(f"{value:>11.2f}s" for value in seconds)
        print(f"{models:>6}{cells}{seconds[0] / best:>11.2f}×", flush=True)


if __name__ == "__main__":
    main()
