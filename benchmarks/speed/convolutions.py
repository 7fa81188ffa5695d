"""Prints where convolutions on small maps are faster as matrix products, and where not.

Layers of one shape each, forwards and backwards on one thread, in float32 or under autocast to
bfloat16 from images that are bfloat16 already, as between a network's layers: torch's module beside
``networks/wide_convolutions.py``, which chooses, and beside its products, chosen or not. Both in
turn; CPU milliseconds are medians. `*` is before a layer that the module carries out as products.

Usage: python benchmarks/speed/convolutions.py [--rounds N] [--batches 32 100]
       [--precision float32|bfloat16]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from unittest import mock

import torch
from regene_bench_plugins.networks import wide_convolutions
from regene_bench_plugins.networks.wide_convolutions import WideConv2d, WideConvTranspose2d
from torch import Tensor, nn

# transposed or not; channels taken and given; side of the map taken; kernel; output_padding
LAYERS = (
    (False, 128, 256, 14, 4, 0),
    (False, 128, 256, 8, 4, 0),
    (False, 256, 256, 4, 4, 0),
    (False, 256, 512, 16, 4, 0),
    (False, 256, 512, 8, 4, 0),
    (False, 256, 512, 7, 4, 0),
    (False, 512, 512, 8, 3, 0),
    (False, 512, 1024, 4, 4, 0),
    (False, 512, 1024, 3, 4, 0),
    (True, 256, 128, 4, 4, 0),
    (True, 256, 128, 8, 4, 0),
    (True, 512, 256, 4, 4, 0),
    (True, 512, 256, 7, 3, 1),
    (True, 512, 256, 8, 4, 0),
    (True, 512, 256, 16, 4, 0),
    (True, 1024, 512, 4, 4, 0),
    (True, 1024, 512, 4, 3, 0),
)
_ALWAYS = {"_CHANNELS": 0, "_TRANSPOSED_CHANNELS": 0, "_largest_sides": lambda _: (999, 999)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, nargs="*", default=[32, 100])
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    precision, rounds = getattr(torch, given.precision), given.rounds
    version = torch.__version__
    print(f"torch {version}, {given.precision}, 1 thread, medians of {rounds} rounds, CPU ms")
    print(f"{'layer':<46}{'batch':>6}{'torch':>9}{'products':>9}{'ratio':>8}")
    for transposed, inputs, outputs, side, kernel, extra in LAYERS:
        for batch in given.batches:
            line = f"{inputs} to {outputs} channels, {kernel}×{kernel}, {side}×{side}"
            line = f"{'transposed ' if transposed else ''}{line}"
            layers = made(transposed, inputs, outputs, kernel, extra)
            images = torch.randn(batch, inputs, side, side, dtype=precision).contiguous(
                memory_format=torch.channels_last
            )
            plain, products = in_turn(layers, images, rounds)
            mark = "*" if takes_products(layers[1], images[:1]) else " "
            numbers = f"{1e3 * plain:>9.1f}{1e3 * products:>9.1f}{plain / products:>7.2f}×"
            print(f"{mark} {line:<44}{batch:>6}{numbers}", flush=True)


def made(
    transposed: bool, inputs: int, outputs: int, kernel: int, extra: int
) -> tuple[nn.Module, nn.Module]:
    """torch's layer and ours, of stride 2, with the same weights."""
    kinds = (nn.ConvTranspose2d, WideConvTranspose2d) if transposed else (nn.Conv2d, WideConv2d)
    options = {"stride": 2, "padding": 1} | ({"output_padding": extra} if transposed else {})
    theirs, ours = (kind(inputs, outputs, kernel, **options) for kind in kinds)
    ours.load_state_dict(theirs.state_dict())
    return (
        theirs.to(memory_format=torch.channels_last),
        ours.to(memory_format=torch.channels_last),
    )


def in_turn(
    layers: tuple[nn.Module, nn.Module], images: Tensor, rounds: int
) -> tuple[float, float]:
    """Median CPU seconds of torch's layer and of products, forwards and backwards."""
    theirs, ours = layers
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        with mock.patch.multiple(wide_convolutions, **_ALWAYS):
            products = seconds(lambda: step(ours, images))
        plain = seconds(lambda: step(theirs, images))
        if number:
            taken[0].append(plain)
            taken[1].append(products)
    return median(taken[0]), median(taken[1])


def step(layer: nn.Module, images: Tensor) -> None:
    given = images.detach().requires_grad_()
    layer.zero_grad(set_to_none=True)
    with autocast(images):
        result = layer(given)
    result.float().square().sum().backward()


def autocast(images: Tensor) -> torch.autocast:
    """To the precision of some images, of which float32 needs none."""
    return torch.autocast("cpu", torch.bfloat16, enabled=images.dtype == torch.bfloat16)


def seconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def takes_products(layer: nn.Module, images: Tensor) -> bool:
    """Whether the module gathers, by its own rule."""
    watched = mock.patch.object(wide_convolutions, "_under", wraps=wide_convolutions._under)
    with watched as under, autocast(images):
        layer(images)
    return under.called


if __name__ == "__main__":
    main()
