"""Prints how fast OpenVINO and torch compute extractors on a CPU, and what that does to scores.

Both have the same weights and inputs, in one process and in turn, and do all that extractors do,
resizing included, as many images at a time as the feature cache gives it. One thread is timed by
its CPU time, so that what else the machine does counts less. At last scores of real images (the
digits of scikit-learn) from the features of either.

Usage: python benchmarks/speed/extractors.py [--threads N] [--rounds N] [--quick]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import timm
import torch
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from regene_bench_plugins.extractors.dinov2 import DinoV2
from regene_bench_plugins.extractors.efficientnet_lite0 import EfficientNetLite0
from regene_bench_plugins.extractors.inception import Inception
from regene_bench_plugins.extractors.neutral_classifier import NeutralClassifier
from regene_bench_plugins.extractors.timm_models import Timm
from regene_bench_plugins.extractors.vgg16 import VGG16

from regene_bench.api import FeatureExtractor
from regene_bench.base.environment import TORCH_ONLY_VARIABLE
from regene_bench.evaluation.feature_cache import _CHUNK_ON_CPU
from regene_bench.evaluation.frechet import frechet_distance
from regene_bench.evaluation.kid import kernel_distance
from tests.extractors.random_inception import (
    published_in_place_of,
    random_inception,
    save_script,
)
from tests.extractors.random_vgg16 import save_vgg16, vgg16_in_place_of
from tests.methods.builders import make_data, make_runtime

Compute = Callable[[Tensor], Tensor]
Subject = tuple[str, Mapping[str, Compute], Tensor, float]
"""Name, what computes by side, what it computes, and seconds until OpenVINO can."""
SIDES = ("torch", "openvino")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one round; the ratios are rough")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    os.environ["REGENE_BENCH_CACHE"] = tempfile.mkdtemp()
    warnings.simplefilter("ignore")
    rounds = 1 if given.quick else given.rounds
    print(f"{processor()}, {given.threads} thread(s), images/s, medians of {rounds} rounds")
    print(", ".join(f"{name} {version(name)}" for name in ("torch", "openvino", "timm")))
    heading = *SIDES, "ratio", "off by", "ready after"
    print("\n{:<36}{:>9}{:>10}{:>8}{:>10}{:>13}".format("extractors", *heading))
    for name, both, images, seconds in extractors():
        line(name, both, images, seconds, rounds, given.threads)
    floor(given.threads)
    scores()


@torch.inference_mode()
def line(
    name: str,
    both: Mapping[str, Compute],
    images: Tensor,
    seconds: float,
    rounds: int,
    threads: int,
) -> None:
    rates: dict[str, list[float]] = {side: [] for side in SIDES}
    found = {side: both[side](images) for side in SIDES}
    clock = time.process_time if threads == 1 else time.perf_counter
    for _ in range(rounds):
        for side in SIDES:
            start = clock()
            both[side](images)
            rates[side].append(len(images) / (clock() - start))
    torchs, openvinos = (statistics.median(rates[side]) for side in SIDES)
    off = largest_difference(found["openvino"], found["torch"])
    ratio = statistics.median(b / a for a, b in zip(rates["torch"], rates["openvino"], strict=True))
    print(
        f"{name:<36}{torchs:9.1f}{openvinos:10.1f}{ratio:7.2f}×{off:10.1e}{seconds:11.1f} s",
        flush=True,
    )


def largest_difference(found: Tensor, expected: Tensor) -> float:
    return float(((found - expected).norm(dim=1) / expected.norm(dim=1)).max())


def extractors() -> Iterator[Subject]:
    """Extractors and images, as many as the feature cache has computed at a time."""
    yield subject("efficientnet_lite0, 224 px", lambda: EfficientNetLite0({}), noise(3, 32))
    with published_in_place_of(
        save_script(random_inception(), Path(tempfile.mkdtemp()) / "weights")
    ):
        yield subject("inception, 299 px", lambda: Inception({}), noise(3, 32))
    for model in ("resnet18", "resnet50", "mobilenetv3_small_100", "convnext_tiny"):
        made = partial(random_timm, model)
        yield subject(f"timm:{model}, {size_of(model)} px", made, noise(3, 32))
    yield subject("dinov2's smallest, 224 px", small_dinov2, noise(3, 32))
    with vgg16_in_place_of(save_vgg16(Path(tempfile.mkdtemp()) / "weights")):
        yield subject("vgg16, 32 px", lambda: VGG16({}), noise(3, 32))
    recipe = {"epochs": 0.1}
    yield subject("neutral, 28 px", lambda: NeutralClassifier(recipe), noise(1, 28))


def subject(name: str, make: Callable[[], FeatureExtractor], images: Tensor) -> Subject:
    """Prepare an extractor twice, as a user with and without OpenVINO would."""
    both: dict[str, Compute] = {}
    seconds: dict[str, float] = {}
    data = make_data(images.shape[1], *images.shape[2:])
    for side in SIDES:
        os.environ[TORCH_ONLY_VARIABLE] = "1" if side == "torch" else "0"
        extractor = make()
        extractor.prepare(data, make_runtime(Path(tempfile.mkdtemp())))
        start = time.process_time()
        extractor.prepare(data, make_runtime(Path(tempfile.mkdtemp())))
        seconds[side] = time.process_time() - start
        assert bool(extractor.computed_by) == (side == "openvino"), f"{name} by {side}"
        both[side] = lambda images, e=extractor: e.extract(images).features
    return name, both, images, seconds["openvino"] - seconds["torch"]


def random_timm(model: str) -> FeatureExtractor:
    return Timm.named(model)({"weights": random_weights(model)})


def small_dinov2() -> FeatureExtractor:
    class Small(DinoV2):
        model = "vit_small_patch14_dinov2.lvd142m"

    return Small({"weights": random_weights("vit_small_patch14_dinov2")})


def random_weights(model: str) -> str:
    torch.manual_seed(0)
    path = Path(tempfile.mkdtemp()) / "weights.safetensors"
    save_file(timm.create_model(model).state_dict(), path)
    return str(path)


def size_of(model: str) -> int:
    return int(timm.get_pretrained_cfg(model).input_size[1])


@torch.inference_mode()
def floor(threads: int) -> None:
    """How near EfficientNet-Lite0 is to what the processor multiplies at best."""
    _, both, images, _ = subject("the floor", lambda: EfficientNetLite0({}), noise(3, 32))
    with FlopCounterMode(display=False) as counter:
        both["torch"](images)
    factors = torch.randn(2, 1024, 1024)
    clock = time.process_time if threads == 1 else time.perf_counter

    def rate(operations: float, compute: Callable[[], object]) -> float:
        """The best of several tries, in billions of operations a second."""
        seconds = []
        for _ in range(7):
            start = clock()
            compute()
            seconds.append(clock() - start)
        return operations / min(seconds) / 1e9

    reached = {
        side: rate(counter.get_total_flops(), lambda c=c: c(images)) for side, c in both.items()
    }
    best = rate(2 * 1024**3, lambda: factors[0] @ factors[1])
    each = counter.get_total_flops() / len(images) / 1e9
    shown = ", ".join(f"{side} {value:.0f}" for side, value in reached.items())
    print(f"\nefficientnet_lite0 is {each:.2f} billion operations an image; billions a second:")
    print(f"{shown}, products of large matrices {best:.0f}", flush=True)


@torch.inference_mode()
def scores() -> None:
    """Distances of one half of the digits to the other, from either side's features."""
    images = load_digits().images * (255 / 16)
    pixels = torch.from_numpy(images.astype(np.uint8))[:, None]
    _, both, _, _ = subject("digits", lambda: EfficientNetLite0({}), pixels)
    features = {side: both[side](pixels) for side in SIDES}
    off = largest_difference(features["openvino"], features["torch"])
    print(f"\nefficientnet_lite0 of {len(pixels)} digits: features off by at most {off:.1e}")
    half = len(pixels) // 2
    for name, distance in (("fd", frechet_distance), ("kid", kid)):
        values = {side: distance(found[:half], found[half:]) for side, found in features.items()}
        off = abs(values["openvino"] / values["torch"] - 1)
        shown = "  ".join(f"{side} {value:.9g}" for side, value in values.items())
        print(f"{name:<4} {shown}  off by {off:.1e}")


def kid(first: Tensor, second: Tensor) -> float:
    return kernel_distance(first, second)[0]


def noise(channels: int, side: int) -> Tensor:
    shape = (_CHUNK_ON_CPU, channels, side, side)
    return torch.randint(
        0, 256, shape, generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )


def processor() -> str:
    """The processor's name and the widest vectors that it has, from Linux."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    names = {name.strip(): value.strip() for name, value in fields.items()}
    flags = names["flags"].split()
    widest = next((f for f in ("amx_tile", "avx512f", "avx2", "avx") if f in flags), "no avx")
    return f"{names['model name']} ({widest})"


if __name__ == "__main__":
    main()
