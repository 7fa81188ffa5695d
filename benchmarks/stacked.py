"""Prints how far runs that train as one lie from the same runs trained alone (docs/reliability.md).

Equal parameters, seeds and images; only the order in which sums are taken differs. Weights are
compared after ever more steps, and accuracy by the neutral classifier beside its spread over seeds.

Usage: python benchmarks/stacked.py [--seeds 8]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file

from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import make_options
from regene_bench.harness.run_folders import checkpoint_folder
from regene_bench.leaderboard.record import RunRecord

BATCH = 64
STEPS = (4, 16, 64, 256)
SETTINGS = ("cgan.width=16", "cgan.discriminator_width=16", f"cgan.batch_size={BATCH}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    seeds = parser.parse_args().seeds
    torch.set_num_threads(1)
    print(f"cgan on digits, float32, CPU, {seeds} seeds; torch {torch.__version__}\n")
    print(f"{'':5}  {'largest difference of a weight':>30}  {'accuracy':^32}")
    print(f"{'steps':>5}  {'median run':>14}  {'worst run':>14}  ", end="")
    print(f"{'difference':>10}  {'spread':>8}  {'of means':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for steps in STEPS:
            print(line(Path(folder) / str(steps), steps, seeds), flush=True)


def line(folder: Path, steps: int, seeds: int) -> str:
    """Train both ways and compare."""
    alone, together = (trained(folder, steps, seeds, way) for way in ("serial", "stacked"))
    apart = sorted(weights_apart(folder, run_id) for run_id in alone)
    first = [accuracy(alone[run_id]) for run_id in alone]
    second = [accuracy(together[run_id]) for run_id in alone]
    differences = [abs(a - b) for a, b in zip(first, second, strict=True)]
    means = abs(statistics.mean(first) - statistics.mean(second))
    return (
        f"{steps:5}  {statistics.median(apart):14.1e}  {apart[-1]:14.1e}  "
        f"{max(differences):10.3f}  {statistics.stdev(first):8.3f}  {means:10.3f}"
    )


def trained(folder: Path, steps: int, seeds: int, way: str) -> dict[str, RunRecord]:
    """Train all seeds, alone or as one; return what became of them by run id."""
    options = make_options(
        methods="cgan",
        seeds=seeds,
        preset="quick",
        metrics="neutral",
        settings=[*SETTINGS, f"cgan.images={steps * BATCH}"],
        results=folder / way,
        device="cpu",
        precision="float32",
        executor=way,
    )
    return {record.run_id: record for record in run_campaign("digits", options).ran}


def weights_apart(folder: Path, run_id: str) -> float:
    """The largest difference of a number of the trained networks and optimisers."""
    files = [
        checkpoint_folder(folder / way, run_id) / "cgan.safetensors"
        for way in ("serial", "stacked")
    ]
    alone, together = map(load_file, files)
    return max(
        float((value - together[name]).abs().max())
        for name, value in alone.items()
        if value.is_floating_point()
    )


def accuracy(record: RunRecord) -> float:
    """The total that the neutral classifier gives."""
    (value,) = (
        score.value
        for score in record.scores
        if score.metric == "accuracy_neutral" and score.class_name is None
    )
    return float("nan") if value is None else value


if __name__ == "__main__":
    main()
