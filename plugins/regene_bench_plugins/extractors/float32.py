"""What an extractor's card promises: float32, whatever precision surrounds it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class _FullPrecision:
    """Torch's settings of the whole process, as long as any thread needs them full.

    Several extractors may be at work at once, each in its own thread: the first to begin sets them,
    and the last to end puts them back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = (True, "highest")

    def begin(self) -> None:
        with self._lock:
            if self._users == 0:
                cudnn = torch.backends.cudnn
                self._before = (cudnn.allow_tf32, torch.get_float32_matmul_precision())
                cudnn.allow_tf32 = False
                torch.set_float32_matmul_precision("highest")
            self._users += 1

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                convolutions, products = self._before
                torch.backends.cudnn.allow_tf32 = convolutions
                torch.set_float32_matmul_precision(products)


_FULL_PRECISION = _FullPrecision()


@contextmanager
def full_float32(device: torch.device) -> Iterator[None]:
    """Run a block in float32 proper: no autocast, and no shorter factors in products.

    Torch allows TF32 in convolutions by default, whose ten bits of mantissa move features by about
    a thousandth between a GPU and a CPU. Threads may run such blocks at once.

    Args:
        device: Where the block computes.
    """
    _FULL_PRECISION.begin()
    try:
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        _FULL_PRECISION.end()
