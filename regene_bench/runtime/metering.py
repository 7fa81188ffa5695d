"""Seconds and peak memory of a phase, with the device synchronised at both ends."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from regene_bench.runtime.device import synchronize


@dataclass
class Meter:
    """What one phase took.

    Attributes:
        seconds: Wall-clock seconds, device work included.
        peak_bytes: Peak of the device's allocated memory (GPU), or of the process's resident memory
            (CPU), during the phase.
    """

    seconds: float = 0.0
    peak_bytes: int = 0


@contextmanager
def metered(device: torch.device) -> Iterator[Meter]:
    """Measure what a block takes, also one that raises.

    The device is waited for at both ends, so that work which was queued before is not counted, and
    work that the block queued is.

    Args:
        device: Where the block computes.

    Yields:
        The meter; its values are there once the block has ended.
    """
    meter = Meter()
    synchronize(device)
    _reset_peak(device)
    start = time.perf_counter()
    try:
        yield meter
    finally:
        synchronize(device)
        meter.seconds = time.perf_counter() - start
        meter.peak_bytes = _peak(device)


def _reset_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif device.type == "cpu":
        # Linux resets the high-water mark of resident memory when 5 is written here.
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")


def _peak(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if device.type == "mps":
        return int(torch.mps.driver_allocated_memory())
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
