"""Prints how long images take to become Inception features, ours against clean-fid's.

Both sides get the same images in memory and one network of random weights, resize to 299 pixels by
Pillow's bicubic kernel and give pool features. clean-fid resizes image by image in this process
(its workers would share the same processors) and takes 32 images at a time, as its ``compute_fid``
does. Afterwards: what the two sides' resizes cost, and what our extractors cost at other numbers of
images at a time.

Usage: python benchmarks/speed/features.py [--images N] [--device cpu|cuda] [--quick]
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from unittest import mock

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cleanfid.inception_torchscript import InceptionV3W
from cleanfid.resize import build_resizer
from regene_bench_plugins.extractors.efficientnet_lite0 import EfficientNetLite0
from regene_bench_plugins.extractors.inception import Inception
from regene_bench_plugins.extractors.preprocess import bicubic_square

from regene_bench.api import Runtime
from tests.extractors.random_inception import (
    published_in_place_of,
    random_inception,
    save_script,
)
from tests.methods.builders import make_data, make_runtime

BATCH = 32  # of clean-fid's compute_fid
CHUNK = {"cpu": 64, "cuda": 256}  # of the feature cache, which runs our extractors
CHUNKS = (4, 8, 16, 32, 128)
GOAL = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--quick", action="store_true", help="64 images; the ratio is rough")
    given = parser.parse_args()
    device = torch.device(given.device)
    n = 64 if given.quick else given.images
    images = pictures(n)
    print(f"{n} images of 3×32×32 on {device} ({processor(device)}), {threads()}")
    print(", ".join(f"{name} {version(name)}" for name in ("torch", "clean-fid", "pillow", "timm")))

    warnings.simplefilter("ignore", FutureWarning)  # TorchScript is what both sides load
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        file = save_script(random_inception(), Path(folder) / "weights")
        ours = inception(file, Path(folder), device)
        theirs = clean_fid(file, device)
        here = images.to(device)
        for warm in (lambda: ours.extract(here[:BATCH]), lambda: theirs(images[:BATCH])):
            warm()
        mine, our_seconds = timed(
            lambda: by(CHUNK[device.type], here, lambda x: ours.extract(x).features)
        )
        other, their_seconds = timed(lambda: by(BATCH, images, theirs))
        distance = float((mine.cpu() - other.cpu()).norm() / other.norm())
        line("clean-fid", their_seconds, n)
        line("regene-bench", our_seconds, n)
        print(f"ratio {their_seconds / our_seconds:.2f} (goal {GOAL} on a CPU), ", end="")
        print(f"features differ by {distance:.1e} relative")

        resize = build_resizer("clean")
        print("resizing alone")
        line("clean-fid", timed(lambda: by(BATCH, images, lambda x: resized(x, resize)))[1], n)
        line("regene-bench", timed(lambda: by(BATCH, here, lambda x: bicubic_square(x, 299)))[1], n)

        if device.type == "cpu":
            few = images[: 64 if given.quick else 512]
            for extractor in (ours, efficientnet(Path(folder), device)):
                print(f"{extractor.card.id}, {len(few)} images, this many at a time")
                for size in CHUNKS:
                    _, seconds = timed(partial(chunked, extractor, few, size))
                    line(str(size), seconds, len(few))


def pictures(n: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, 3, 32, 32), generator=generator, dtype=torch.uint8)


def inception(file: Path, folder: Path, device: torch.device) -> Inception:
    with published_in_place_of(file):
        extractor = Inception({})
        extractor.prepare(make_data(), runtime(folder, device))
    return extractor


def efficientnet(folder: Path, device: torch.device) -> EfficientNetLite0:
    extractor = EfficientNetLite0({})
    extractor.prepare(make_data(), runtime(folder, device))
    return extractor


def runtime(folder: Path, device: torch.device) -> Runtime:
    return replace(make_runtime(folder / "checkpoints"), device=device)


def clean_fid(file: Path, device: torch.device) -> Callable[[Tensor], Tensor]:
    network = InceptionV3W(str(file.parent), download=False, resize_inside=False).to(device)
    resize = build_resizer("clean")
    return lambda images: network(resized(images, resize).to(device))


def resized(images: Tensor, resize: Callable[..., object]) -> Tensor:
    """What clean-fid's data set does with each image."""
    arrays = [torch.from_numpy(resize(image.movedim(0, -1).numpy())) for image in images]
    return torch.stack(arrays).movedim(-1, 1).contiguous()


def chunked(extractor: Inception | EfficientNetLite0, images: Tensor, size: int) -> Tensor:
    with mock.patch.object(sys.modules[type(extractor).__module__], "_CHUNK", size):
        return extractor.extract(images).features


def by(size: int, images: Tensor, compute: Callable[[Tensor], Tensor]) -> Tensor:
    return torch.cat([compute(part) for part in images.split(size)])


def timed(work: Callable[[], Tensor]) -> tuple[Tensor, float]:
    """Run to the end and return the result and the seconds."""
    start = time.perf_counter()
    found = work()
    if found.device.type == "cuda":
        torch.cuda.synchronize(found.device)
    return found, time.perf_counter() - start


def line(name: str, seconds: float, n: int) -> None:
    print(f"  {name:<14} {seconds:8.2f} s  {n / seconds:8.1f} images/s", flush=True)


def processor(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return platform.processor() or platform.machine()


def threads() -> str:
    return f"{torch.get_num_threads()} thread(s)"


if __name__ == "__main__":
    main()
