"""Prints what ``regene-bench score`` says of images of which the answer is known beforehand.

Held-out images as they are and under noise of rising strength, and copies of training images, are
written as class folders of PNG files and scored against the benchmark's training split by the
program itself. Every distance should rise with the noise and the accuracy fall; of the copies,
memorisation should say that all are copies. Ends with status 1 where one of these is not so.

Features of the real images and the neutral classifier come from the cache, where they are kept by
the first scoring. Metrics whose weights are not on the machine are named and left out.

Usage: python benchmarks/known_images.py [--images N] [--against BENCHMARK] [--preset PRESET]
           [--metrics METRICS]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from regene_bench.base.paths import cache_dir
from regene_bench.data.device_images import BenchmarkData, DeviceImages
from regene_bench.harness.workbench import load_data
from regene_bench.plan.protocol import load_benchmark
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.runtime import Runtime

STRENGTHS = (0, 10, 30, 90)  # standard deviations, in levels of 255
COPIES = "copies"
NETWORKS = "efficientnet_lite0|neutral"
METRICS = (
    f"fid,fd[extractor={NETWORKS}],kid[extractor={NETWORKS}],neutral,memorisation,authenticity"
)
# Whether a score should rise or fall with the noise; of the others nothing is known beforehand.
WITH_NOISE = {"fid": 1, "fd": 1, "kid": 1, "accuracy_neutral": -1}
# Of copies, as a share of the images for the number of copies.
OF_COPIES = {"memorised_pixels": 1, "memorised_features": 1, "authenticity": 0, "copies": 1}
Scores = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000, help="of each set, at most")
    parser.add_argument("--against", default="cifar10", help="a benchmark, or a protocol's path")
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--metrics", default=METRICS)
    given = parser.parse_args()
    data = data_of(given.against)
    tables: dict[str, Scores] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, images in sets_of(data, given.images).items():
            where = Path(folder) / name
            write_folders(where, images, data.class_names)
            tables[name] = scored(where, given)
    n = min(given.images, len(data.test))
    print(f"{n} images against {given.against} ({given.preset})")
    sys.exit(0 if print_table(tables, min(given.images, len(data.train))) else 1)


def data_of(benchmark: str) -> BenchmarkData:
    """Both splits of a benchmark, found as ``regene-bench`` finds them."""
    host = load_plugins()
    device = torch.device("cpu")
    runtime = Runtime(device, "float32", 0, CheckpointStore(cache_dir()))
    return load_data(host, load_benchmark(host, benchmark), (), runtime)


def sets_of(data: BenchmarkData, n: int) -> dict[str, DeviceImages]:
    """The sets of images that are scored, by name."""
    test = data.test.subset(torch.arange(min(n, len(data.test))))
    train = data.train.subset(torch.arange(min(n, len(data.train))))
    noisy = {f"noise {strength}": with_noise(test, strength) for strength in STRENGTHS}
    return noisy | {COPIES: train}


def with_noise(images: DeviceImages, strength: int) -> DeviceImages:
    """Add normal noise, the same pattern at every strength, and round to 8 bits."""
    draw = torch.Generator().manual_seed(0)
    noise = torch.randn(images.images.shape, generator=draw) * strength
    values = (images.images + noise).round().clamp(0, 255).to(torch.uint8)
    return DeviceImages(values, images.labels)


def write_folders(folder: Path, images: DeviceImages, names: tuple[str, ...]) -> None:
    """Write PNG files into a folder for each class."""
    for name in names:
        (folder / name).mkdir(parents=True)
    pixels = images.images.movedim(1, -1).numpy()
    for i, (image, label) in enumerate(zip(pixels, images.labels.tolist(), strict=True)):
        shown = np.ascontiguousarray(image[..., 0] if image.shape[-1] == 1 else image)
        Image.fromarray(shown).save(folder / names[label] / f"{i:06}.png")


def scored(folder: Path, given: argparse.Namespace) -> Scores:
    """Call the program and read its scores of the whole set."""
    code = "from regene_bench.cli.main import main; main()"
    command = [sys.executable, "-c", code, "score", str(folder), "--against", given.against]
    command += ["--preset", given.preset, "--metrics", given.metrics, "--format", "json"]
    print(f"scoring {folder.name}", file=sys.stderr)
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return dict(named(row) for row in json.loads(done.stdout) if usable(row))


def usable(row: dict[str, Any]) -> bool:
    """Whether a row holds a score of the whole set; says why not if the metric could not be had."""
    if row["status"] in ("unavailable", "failed"):
        print(f"{row['metric']}: {row['status']}: {row['error_message']}", file=sys.stderr)
    return row["status"] == "ok" and row["class"] is None


def named(row: dict[str, Any]) -> tuple[str, float]:
    network = f" ({row['extractor_id']})" if row["extractor_id"] else ""
    return f"{row['metric']}{network}", row["value"]


def print_table(tables: dict[str, Scores], n_copies: int) -> bool:
    """Print all scores, and whether they are as they should be; return whether all are."""
    rows = [name for name in tables[COPIES] if all(name in table for table in tables.values())]
    width = max(map(len, rows)) + 2
    print("".join([f"{'':<{width}}", *(f"{name:>12}" for name in tables)]))
    right = True
    for row in rows:
        values = [table[row] for table in tables.values()]
        verdicts = (
            with_noise_verdict(row, values[:-1]),
            of_copies_verdict(row, values[-1], n_copies),
        )
        right = right and not any("NOT" in verdict for verdict in verdicts)
        cells = "".join(f"{value:>12.5g}" for value in values)
        print(f"{row:<{width}}{cells}  {'; '.join(filter(None, verdicts))}".rstrip())
    return right


def with_noise_verdict(row: str, values: list[float]) -> str:
    """Whether a score goes one way with the noise, and whether that is the way it should."""
    steps = [after - before for before, after in pairwise(values)]
    way = 1 if all(step > 0 for step in steps) else -1 if all(step < 0 for step in steps) else 0
    text = {1: "rises with the noise", -1: "falls with the noise", 0: "neither rises nor falls"}
    wanted = WITH_NOISE.get(row.split(" ")[0])
    return text[way] + ("" if wanted in (None, way) else ", as it should NOT")


def of_copies_verdict(row: str, value: float, n: int) -> str:
    """Whether what is said of the copies is what they are."""
    name = row.split(" ")[0]
    if name not in OF_COPIES:
        return ""
    wanted = OF_COPIES[name] * (n if name == "copies" else 1)
    return f"copies: {wanted} as it should be" if value == wanted else f"copies: NOT {wanted}"


if __name__ == "__main__":
    main()
