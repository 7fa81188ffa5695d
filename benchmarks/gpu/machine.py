"""Which card this is, and what it can: products of large matrices, and how long a launch takes.

Usage: ``python benchmarks/gpu/machine.py [--device cuda] [--small]``
"""

from __future__ import annotations

import platform

import torch
from common import arguments, product_peak, row, seconds_of

from regene_bench.runtime.device import choose_device, choose_precision, device_name

_LAUNCHES = 1000


def main() -> None:
    given = arguments(__doc__)
    device = choose_device(given.device)
    row("machine", "device", device_name(device) or f"{platform.machine()}, no GPU")
    row("machine", "torch, CUDA", f"{torch.__version__}, {torch.version.cuda}")
    row("machine", "precision of training", choose_precision("auto", device))
    side = 256 if given.small else 8192
    for dtype in (torch.bfloat16, torch.float32):
        peak = product_peak(device, dtype, side)
        name = str(dtype).removeprefix("torch.")
        row("machine", f"product of {side}×{side}, {name}", f"{peak / 1e12:.2f} TFLOP/s")
    one = torch.zeros(1, device=device)

    def launches() -> None:
        for _ in range(_LAUNCHES):
            one.add_(1)

    seconds = seconds_of(launches, device, 3)
    row("machine", "an operation on one number", f"{seconds / _LAUNCHES * 1e6:.1f} µs")


if __name__ == "__main__":
    main()
