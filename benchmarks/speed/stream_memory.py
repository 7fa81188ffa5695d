"""Prints the memory that scoring a stream of 50,000 float32 images takes beyond the model's.

A generator yields batches of noise of CIFAR's size with labels. This process first scores 200 of
them, with which libraries, real images and networks are in memory, and then the stream; told is by
how much its peak rises, as a whole and by reading alone. Real images are made here, as noise in
class folders; the metrics are those of a neutral classifier that has hardly been trained.

Usage: python benchmarks/speed/stream_memory.py [--images N] [--batch N]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from regene_bench import score
from regene_bench.data.shapes import ImageShape
from regene_bench.data.source import ImageSet
from regene_bench.samples.take_in import read_object
from tests.data.builders import write_class_folders

SHAPE = ImageShape(3, 32, 32, 10)
NAMES = tuple(f"class {i}" for i in range(SHAPE.n_classes))
GOAL = 1000
PROTOCOL = """
name = "noise"
version = 1
title = "Noise in the shape of CIFAR-10"
default_methods = ["real"]

[data]
source = "folder"
options = { path = "noise" }
channels = 3
height = 32
width = 32
classes = 10

[evaluation]
metrics = ["neutral"]
rank_by = "accuracy_neutral"
"""
PRESET = """
[presets.NAME]
n_generated = 500
n_reference = 500
[presets.NAME.extractors.neutral]
epochs = 0.1
depth = 8
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--batch", type=int, default=500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        protocol = prepare(Path(place))
        score(stream(200, 100), str(protocol), data=place)
        print(f"{given.images} float32 images of 3×32×32 in batches of {given.batch}, MB")
        uint8 = given.images * 3 * 32 * 32 / 1e6
        print(f"{'as uint8':<36}{uint8:8.0f}\n{'as float32':<36}{4 * uint8:8.0f}")
        told = stream(given.images, given.batch)
        line("reading", lambda: read_object(told, SHAPE, NAMES))
        told = stream(given.images, given.batch)
        line("reading and scoring", lambda: score(told, str(protocol), data=place))
        print(f"{'goal, below':<36}{GOAL:8}")


def prepare(place: Path) -> Path:
    os.environ["REGENE_BENCH_CACHE"] = str(place / "cache")
    rng = np.random.default_rng(0)
    for split, n in (("train", 1000), ("test", 500)):
        images = rng.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8)
        labels = np.arange(n, dtype=np.int64) % len(NAMES)
        write_class_folders(place / "noise" / split, ImageSet(images, labels, NAMES))
    presets = "".join(PRESET.replace("NAME", name) for name in ("quick", "standard", "paper"))
    (place / "noise.toml").write_text(PROTOCOL + presets)
    return place / "noise.toml"


def stream(n: int, batch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(1)
    for start in range(0, n, batch):
        size = min(batch, n - start)
        images = rng.random((size, 3, 32, 32), dtype=np.float32)
        yield images, np.arange(start, start + size) % len(NAMES)


def line(name: str, work: Callable[[], object]) -> None:
    """Print the most memory that a piece of work takes beyond what is taken before it."""
    before = highest = resident()
    done = threading.Event()

    def watch() -> None:
        nonlocal highest
        while not done.is_set():
            highest = max(highest, resident())
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    print(f"{name:<36}{(highest - before) / 1e6:8.0f}   in {seconds:.0f} s", flush=True)


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
