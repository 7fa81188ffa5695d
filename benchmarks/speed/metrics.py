"""Prints how long metrics take from given features, and how much memory, against other libraries.

Every measurement is of a fresh process: the best of some repetitions, and the highest resident
memory above what is held at the start, where both sides' features already are (on Linux; elsewhere
it is not known). Sides take turns, and the medians of all rounds are printed. The values that each
side found stand beside. What is called "alone" is the part that our ways cannot go without at full
size: products in the precision that we take them in, or factorisations in float64.

Usage: python benchmarks/speed/metrics.py [--quick] [--threads N] [--rounds N] [--device DEVICE]
       [--case NAME]
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import io
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor

OURS = "regene-bench"
FLOORS = ("factorisations alone", "products alone")
LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "torch-fidelity", "pytorch-fid", "prdc")
NEIGHBOURS = 5
_TILE = 1024
CLEAR_REFS = Path("/proc/self/clear_refs")
Work = Callable[[], list[float]]


@dataclass(frozen=True)
class Size:
    """How many samples, features and classes a case has, and how often it is repeated."""

    n: int
    dimension: int
    classes: int
    subsets: int
    subset_size: int
    repetitions: int


FULL = {
    "frechet": Size(5000, 2048, 0, 0, 0, 3),
    "kid": Size(5000, 2048, 0, 100, 1000, 1),
    "prdc": Size(10_000, 2048, 0, 0, 0, 1),
    "all": Size(5000, 2048, 1008, 100, 1000, 1),
}
QUICK = {case: Size(400, 64, 20, 5, 100, 1) for case in FULL}
TITLES = {
    "frechet": "Fréchet distance from moments",
    "kid": "KID",
    "prdc": "precision, recall, density, coverage",
    "all": "FID + IS + KID + PRDC from features and logits",
}
# Of the other side's seconds over ours.
GOALS = {
    ("frechet", "pytorch-fid"): 20.0,
    ("frechet", "torch-fidelity"): 4.0,
    ("kid", "torch-fidelity"): 4.0,
    ("prdc", "prdc"): 8.0,
    ("all", "torch-fidelity + prdc"): 5.0,
}


@dataclass(frozen=True)
class Result:
    """What one process measured: seconds, MiB of memory, and the values that it found."""

    seconds: float
    memory: float
    values: list[float]


def features(size: Size, seed: int, shift: float = 0.0) -> Tensor:
    """Like an Inception network's: not negative, correlated; float32 ``[n, dimension]``."""
    mixing = np.random.default_rng(0).standard_normal((size.dimension // 4, size.dimension))
    rng = np.random.default_rng(seed)
    hidden = rng.standard_normal((size.n, size.dimension // 4), dtype=np.float32)
    values = hidden @ (mixing / size.dimension**0.5).astype(np.float32)
    values += 0.3 * rng.standard_normal(values.shape, dtype=np.float32) + 0.4 + shift
    return torch.from_numpy(np.maximum(values, 0))


def pair(size: Size, device: str) -> tuple[Tensor, Tensor]:
    """Real and generated features on a device."""
    return features(size, 1).to(device), features(size, 2, shift=0.02).to(device)


def logits(size: Size, device: str) -> Tensor:
    """float32 ``[n, classes]``."""
    draw = torch.Generator().manual_seed(3)
    return (3 * torch.randn(size.n, size.classes, generator=draw)).to(device)


def frechet_ours(size: Size, device: str) -> Work:
    from regene_bench.evaluation.frechet import frechet_from_moments
    from regene_bench.evaluation.moments import moments_of

    real, generated = (moments_of(f) for f in pair(size, device))
    return lambda: [frechet_from_moments(real, generated)]


def frechet_pytorch_fid(size: Size, device: str) -> Work:
    from pytorch_fid.fid_score import calculate_frechet_distance

    both = [f.double().numpy() for f in pair(size, "cpu")]
    statistics = [s for f in both for s in (f.mean(axis=0), np.cov(f, rowvar=False))]
    return lambda: [float(calculate_frechet_distance(*statistics))]


def frechet_torch_fidelity(size: Size, device: str) -> Work:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    both = [fid_features_to_statistics(f.double()) for f in pair(size, "cpu")]
    return lambda: [fid_statistics_to_metric(*both, False)["frechet_inception_distance"]]


def kid_ours(size: Size, device: str) -> Work:
    from regene_bench.evaluation.kid import kernel_distance

    real, generated = pair(size, device)
    settings = {"subsets": size.subsets, "subset_size": size.subset_size}
    return lambda: list(kernel_distance(generated, real, **settings))


def kid_torch_fidelity(size: Size, device: str) -> Work:
    from torch_fidelity.metric_kid import kid_features_to_metric

    real, generated = pair(size, "cpu")
    settings = {"kid_subsets": size.subsets, "kid_subset_size": size.subset_size, "verbose": False}

    def work() -> list[float]:
        found = kid_features_to_metric(generated, real, **settings)
        return [found["kernel_inception_distance_mean"], found["kernel_inception_distance_std"]]

    return work


def prdc_ours(size: Size, device: str) -> Work:
    from regene_bench.evaluation.prdc import precision_recall_density_coverage

    real, generated = pair(size, device)
    return lambda: list(
        asdict(precision_recall_density_coverage(real, generated, k=NEIGHBOURS)).values()
    )


def prdc_theirs(size: Size, device: str) -> Work:
    from prdc import compute_prdc

    real, generated = (f.numpy() for f in pair(size, "cpu"))

    def work() -> list[float]:
        with contextlib.redirect_stdout(io.StringIO()):
            found = compute_prdc(real, generated, NEIGHBOURS)
        return [float(found[name]) for name in ("precision", "recall", "density", "coverage")]

    return work


def all_ours(size: Size, device: str) -> Work:
    from regene_bench.evaluation.frechet import frechet_distance
    from regene_bench.evaluation.inception_score import inception_score

    real, generated = pair(size, device)
    of_generated = logits(size, device)
    kid, prdc = kid_ours(size, device), prdc_ours(size, device)
    return lambda: [
        frechet_distance(real, generated),
        inception_score(of_generated)[0],
        *kid(),
        *prdc(),
    ]


def all_theirs(size: Size, device: str) -> Work:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_isc import isc_features_to_metric

    real, generated = pair(size, "cpu")
    of_generated = logits(size, "cpu")
    kid, prdc = kid_torch_fidelity(size, device), prdc_theirs(size, device)

    def work() -> list[float]:
        both = [fid_features_to_statistics(f) for f in (real, generated)]
        fid = fid_statistics_to_metric(*both, False)["frechet_inception_distance"]
        score = isc_features_to_metric(of_generated)["inception_score_mean"]
        return [fid, score, *kid(), *prdc()]

    return work


def factorisations(size: Size, device: str) -> Work:
    """What our Fréchet distance is at least: a factor, a reduction by it, and eigenvalues."""
    if device != "cpu":
        return factorisations_on(size, device)
    from scipy.linalg import eigh, lapack

    a, b = (np.cov(features.numpy(), rowvar=False).T for features in pair(size, "cpu"))

    def work() -> list[float]:
        factor, _ = lapack.dpotrf(a, clean=0)
        reduced, _ = lapack.dsygst(b, factor, itype=2)
        eigh(reduced, lower=False, eigvals_only=True, overwrite_a=True, check_finite=False)
        return []

    return work


def factorisations_on(size: Size, device: str) -> Work:
    """The same on another device, where two products take the place of the reduction."""
    a, b = (torch.cov(features.double().T) for features in pair(size, device))

    def work() -> list[float]:
        factor = torch.linalg.cholesky(a)
        torch.linalg.eigvalsh(factor.T @ b @ factor)
        return []

    return work


def full_products(size: Size, device: str) -> Work:
    """Products of both sets with each other and, half of them, with themselves, in float32."""
    from regene_bench.evaluation.matmul_precision import products

    return all_products(*pair(size, device), products)


def bounding_products(size: Size, device: str) -> Work:
    """The same in the precision that bounds of distances are taken in."""
    from regene_bench.evaluation import matmul_precision as precision

    sets = pair(size, device)
    here = torch.device(device)
    if not precision.has_fast_low_precision(here):
        return all_products(*sets, precision.products)
    dtype = precision.low_precision_dtype(here)
    real, generated = (features.bfloat16().to(dtype) for features in sets)
    return all_products(real, generated, precision.low_precision_products)


def all_products(
    real: Tensor, generated: Tensor, multiply: Callable[[Tensor, Tensor, Tensor], Tensor]
) -> Work:
    out = torch.empty(_TILE * _TILE, device=real.device)

    def work() -> list[float]:
        for first, second in ((real, real), (generated, generated), (real, generated)):
            for i in range(0, len(first), _TILE):
                for j in range(0 if second is not first else i, len(second), _TILE):
                    x, y = first[i : i + _TILE], second[j : j + _TILE]
                    multiply(x, y, out[: len(x) * len(y)].view(len(x), len(y)))
        return []

    return work


SIDES: dict[str, dict[str, Callable[[Size, str], Work]]] = {
    "frechet": {
        OURS: frechet_ours,
        "factorisations alone": factorisations,
        "pytorch-fid": frechet_pytorch_fid,
        "torch-fidelity": frechet_torch_fidelity,
    },
    "kid": {OURS: kid_ours, "products alone": full_products, "torch-fidelity": kid_torch_fidelity},
    "prdc": {OURS: prdc_ours, "products alone": bounding_products, "prdc": prdc_theirs},
    "all": {OURS: all_ours, "torch-fidelity + prdc": all_theirs},
}


def forget_peak_memory(device: str) -> None:
    """Let the peak start from what is held now. Linux can for a process; see proc(5)."""
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats(device)
    elif CLEAR_REFS.exists():
        # What was freed but kept for later would hide as much of what is taken next.
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
        CLEAR_REFS.write_text("5")


def peak_memory(device: str) -> float:
    """Highest memory in MiB: the device's, or what is resident of this process."""
    if device != "cpu":
        return torch.cuda.max_memory_allocated(device) / 2**20
    if not CLEAR_REFS.exists():
        return math.nan
    status = CLEAR_REFS.with_name("status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 2**10


def wait(device: str) -> None:
    """Wait for the device's queue."""
    if device != "cpu":
        torch.cuda.synchronize(device)


def measure(case: str, side: str, size: Size, device: str) -> Result:
    """Measure one side here and now. A first small run loads what is loaded once."""
    device = device if side in (OURS, *FLOORS) else "cpu"
    build = SIDES[case][side]
    build(QUICK[case], device)()
    work = build(size, device)
    wait(device)
    forget_peak_memory(device)
    before = peak_memory(device)
    times, values = [], []
    for _ in range(size.repetitions):
        start = time.perf_counter()
        values = work()
        wait(device)
        times.append(time.perf_counter() - start)
    return Result(min(times), peak_memory(device) - before, values)


def measure_apart(case: str, side: str, options: argparse.Namespace) -> Result:
    """Measure one side in a process of its own."""
    command = [sys.executable, __file__, "--case", case, "--side", side]
    command += ["--device", options.device, "--threads", str(options.threads)]
    command += ["--quick"] if options.quick else []
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(options.threads))
    done = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, env=os.environ | threads, text=True
    )
    return Result(**json.loads(done.stdout.splitlines()[-1]))


def processor() -> str:
    """Name of the processor, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def print_case(case: str, options: argparse.Namespace) -> None:
    """Measure all sides of a case and print their lines."""
    size = (QUICK if options.quick else FULL)[case]
    print(f"\n{TITLES[case]} (N = M = {size.n}, D = {size.dimension})")
    print(f"{'':<24}{'seconds':>10}{'ratio':>9}{'goal':>7}{'MiB':>9}  values")
    rounds = [
        {side: measure_apart(case, side, options) for side in SIDES[case]}
        for _ in range(options.rounds)
    ]
    ours = median(found[OURS].seconds for found in rounds)
    for side in SIDES[case]:
        seconds = median(found[side].seconds for found in rounds)
        memory = median(found[side].memory for found in rounds)
        ratio = "" if side == OURS else f"{seconds / ours:.2f}×"
        goal = f"{GOALS[case, side]:.0f}×" if (case, side) in GOALS else ""
        values = " ".join(f"{value:.9g}" for value in rounds[-1][side].values)
        line = f"{side:<24}{seconds:>10.3f}{ratio:>9}{goal:>7}{memory:>9.0f}"
        print(f"{line}  {values}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=1, help="of which medians are printed")
    parser.add_argument("--device", default="cpu", help="of our side; the others run on the CPU")
    parser.add_argument("--case", choices=list(SIDES))
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.side:
        size = (QUICK if options.quick else FULL)[options.case]
        print(json.dumps(asdict(measure(options.case, options.side, size, options.device))))
        return
    print(
        f"{processor()}, {options.threads} threads, {options.rounds} round(s); "
        f"Python {platform.python_version()}"
    )
    if options.device != "cpu":
        print(f"our side on {torch.cuda.get_device_name(options.device)}")
    print(", ".join(f"{name} {version(name)}" for name in LIBRARIES))
    for case in [options.case] if options.case else list(SIDES):
        print_case(case, options)


if __name__ == "__main__":
    main()
