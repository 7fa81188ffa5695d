"""Prints what label planes cost that are not made (networks/coded_images.py).

First layers alone, forwards and backwards to their weights, by the length of the code, and whole
trainings of a few steps of methods at ``quick``, the making of networks included: with planes as
channels, and without. Both in turn, on one thread, in float32; CPU milliseconds are medians. `*` is
before what goes without.

Usage: python benchmarks/speed/coded_images.py [--rounds N] [--steps N]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from unittest import mock

import torch
from regene_bench_plugins.networks import coded_images
from regene_bench_plugins.networks.coded_images import CodedConv2d, CodedImages
from torch.nn import functional as F

from regene_bench.api import BenchmarkData, CheckpointStore, DeviceImages, ImageShape, Runtime
from regene_bench.base.events import silent
from regene_bench.plugins.host import load_plugins

CLASSES = 10
# of the images, and channels given, kernel, stride: those of conditional GANs and VAEs at quick
LAYERS = (
    ((1, 28, 28), 16, 4, 2),
    ((3, 32, 32), 32, 4, 2),
    ((1, 28, 28), 32, 3, 1),
    ((3, 32, 32), 32, 3, 1),
)
CODES = (1, 4, 8, 10, 100)
BATCH = 64
SHAPES = ((1, 28, 28), (3, 32, 32))
METHODS = ("cgan", "dcgan", "lsgan", "cvae")
IMAGES = 2048
CPU = torch.device("cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"torch {torch.__version__}, float32, 1 thread, medians of {given.rounds} rounds, CPU ms")
    print(f"{f'first layer, {BATCH} images':<42}{'code':>6}{'planes':>9}{'here':>9}{'ratio':>8}")
    for size, outputs, kernel, stride in LAYERS:
        for code in CODES:
            with mock.patch.object(coded_images, "_SHORT", 0):
                taken = in_turn(layer_work(size, outputs, kernel, stride, code), given.rounds)
            mark = "*" if code >= coded_images._SHORT else " "
            line = f"{mark} {named(size)} to {outputs} channels, {kernel}×{kernel}, stride {stride}"
            print_row(f"{line:<42}{code:>6}", *taken)
    print(f"\n{'a step of training':<42}{'batch':>6}{'planes':>9}{'here':>9}{'ratio':>8}")
    host = load_plugins()
    for name in METHODS:
        for size in SHAPES:
            work, batch = method_work(host.find("method", name).load(), size, given.steps)
            planes, here = in_turn(work, given.rounds)
            line = f"{name}, {named(size)}"
            print_row(f"{line:<42}{batch:>6}", planes / given.steps, here / given.steps)


def layer_work(
    size: tuple[int, int, int], outputs: int, kernel: int, stride: int, code: int
) -> Callable[[], None]:
    """A layer's pass and the gradients of its weights."""
    channels, height, width = size
    layer = CodedConv2d(
        channels, outputs, kernel, code=code, size=(height, width), stride=stride, padding=1
    ).to(memory_format=torch.channels_last)
    images = torch.rand(BATCH, *size).contiguous(memory_format=torch.channels_last)
    codes = F.one_hot(torch.arange(BATCH) % code, code).float()

    def work() -> None:
        layer(CodedImages(images, codes)).square().sum().backward()

    return work


def method_work(
    method: type, size: tuple[int, int, int], steps: int
) -> tuple[Callable[[], None], int]:
    """A training of some steps at the preset quick, and its batch; its networks are made, too."""
    shape = ImageShape(*size, CLASSES)
    values = method.preset("quick", shape)
    batch = method.Config(**values).batch_size
    config = method.Config(**values | {"images": steps * batch})
    pixels = torch.randint(256, (IMAGES, *size), dtype=torch.uint8)
    images = DeviceImages(pixels, torch.arange(IMAGES) % CLASSES)
    names = tuple(map(str, range(CLASSES)))
    data = BenchmarkData("random", shape, names, "0" * 64, images, images)

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = CheckpointStore(Path(folder), 1e9)
            method(config).fit(data, Runtime(CPU, "float32", 0, store, emit=silent))

    return work, batch


def in_turn(work: Callable[[], None], rounds: int) -> tuple[float, float]:
    """Median CPU milliseconds with planes, and without."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        with mock.patch.object(coded_images, "on_a_cpu", return_value=False):
            planes = milliseconds(work)
        here = milliseconds(work)
        if number:
            taken[0].append(planes)
            taken[1].append(here)
    return median(taken[0]), median(taken[1])


def milliseconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return 1e3 * (time.process_time() - start)


def named(size: tuple[int, int, int]) -> str:
    return "×".join(map(str, size))


def print_row(line: str, planes: float, here: float) -> None:
    print(f"{line}{planes:>9.2f}{here:>9.2f}{planes / here:>7.2f}×", flush=True)


if __name__ == "__main__":
    main()
