"""Prints how long ``score`` takes to read 10,000 PNG of CIFAR's size, by what they are packed in.

Each round reads every kind three times in a process of its own, in another order than the round
before, and counts the fastest; the table has medians of the rounds, in seconds of the processor and
of the clock. With ``--against`` the rounds alternate with those of another checkout of the project
(say, the release before); what that cannot read has a dash.

Usage: python benchmarks/speed/reading.py [--images N] [--rounds N] [--against CHECKOUT]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import webdataset  # type: ignore[import-untyped]
from PIL import Image

HERE = Path(__file__).resolve().parents[2]
CLASSES = tuple(f"class {i}" for i in range(10))
KINDS = {
    "folder": "png",
    "zip": "png.zip",
    "tar (WebDataset)": "shards",
    "tar of the folder": "png.tar",
    "Parquet": "png.parquet",
}
REPEATS = 3
Seconds = dict[str, tuple[float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path, help="another checkout of the project")
    parser.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        read_each(given.once / "few", 0)  # what the first reading of a process would pay for
        print(json.dumps(read_each(given.once, given.first)))
        return
    checkouts = {"here": HERE} | ({"there": given.against.resolve()} if given.against else {})
    rounds: dict[str, list[Seconds]] = {name: [] for name in checkouts}
    with tempfile.TemporaryDirectory() as place:
        write_all(Path(place), given.images)
        write_all(Path(place) / "few", 20)
        for number in range(given.rounds):
            for name, checkout in checkouts.items():
                rounds[name].append(in_process(checkout, Path(place), number))
    print(f"{given.images} PNG of 3×32×32, medians of {given.rounds} rounds, seconds")
    print(f"{'':<20}" + "".join(f"{name + ' CPU':>12}{'clock':>8}" for name in checkouts))
    for kind in KINDS:
        cells = [medians([one[kind] for one in own if kind in one]) for own in rounds.values()]
        print(f"{kind:<20}" + "".join(cells), flush=True)


def write_all(place: Path, n: int) -> None:
    """Write the same labelled images in each way."""
    rng = np.random.default_rng(0)
    files = [(f"{i:05}", encoded(rng), i % len(CLASSES)) for i in range(n)]
    for name, png, label in files:
        path = place / KINDS["folder"] / CLASSES[label] / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png)
    with zipfile.ZipFile(place / KINDS["zip"], "w") as archive:
        for name, png, label in files:
            archive.writestr(f"{CLASSES[label]}/{name}.png", png)
    with tarfile.open(place / KINDS["tar of the folder"], "w") as archive:
        archive.add(place / KINDS["folder"], "png")
    (place / KINDS["tar (WebDataset)"]).mkdir()
    pattern = str(place / KINDS["tar (WebDataset)"] / "samples-%06d.tar")
    with webdataset.ShardWriter(pattern, maxcount=1000, verbose=0) as writer:
        for name, png, label in files:
            writer.write({"__key__": name, "png": png, "cls": label})
    cells = [{"bytes": png, "path": None} for _, png, _ in files]
    table = pa.table({"image": cells, "label": [label for _, _, label in files]})
    pq.write_table(table, place / KINDS["Parquet"])


def encoded(rng: np.random.Generator) -> bytes:
    """Make a PNG of about the size that a photograph of 32 pixels takes."""
    smooth = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((32, 32))
    noise = rng.integers(0, 16, (32, 32, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(np.asarray(smooth) // 2 + noise).save(file, "PNG")
    return file.getvalue()


def in_process(checkout: Path, place: Path, first: int) -> Seconds:
    paths = [str(checkout), str(checkout / "plugins")]
    done = subprocess.run(
        [sys.executable, __file__, "--once", str(place), "--first", str(first)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: Seconds = json.loads(done.stdout)
    return found


def read_each(place: Path, first: int) -> Seconds:
    from regene_bench.base.errors import RegeneBenchError
    from regene_bench.data.shapes import ImageShape
    from regene_bench.samples.read import read_samples

    shape = ImageShape(3, 32, 32, len(CLASSES))
    seconds: Seconds = {}
    kinds = list(KINDS.items())
    first %= len(kinds)
    for kind, name in kinds[first:] + kinds[:first]:
        took = []
        for _ in range(REPEATS):
            cpu, clock = time.process_time(), time.perf_counter()
            try:
                samples = read_samples(place / name, shape, CLASSES)
            except RegeneBenchError:
                break
            took.append((time.process_time() - cpu, time.perf_counter() - clock))
            assert samples.labels is not None
        if took:
            seconds[kind] = min(took)
    return seconds


def medians(seconds: list[tuple[float, float]]) -> str:
    if not seconds:
        return f"{'–':>12}{'–':>8}"
    cpu, clock = (statistics.median(column) for column in zip(*seconds, strict=True))
    return f"{cpu:12.2f}{clock:8.2f}"


if __name__ == "__main__":
    main()
