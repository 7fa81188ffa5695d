"""Features of many images by several devices at once: equal extractors, each with its own thread.

Chunks are the same however many devices there are, and each is computed by one of them: on devices
of one model features are equal to those of one device. torch lets a thread that waits for its
device give way to others, so that threads are enough.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from queue import SimpleQueue

import torch
from torch import Tensor

from regene_bench.evaluation.extractor import FeatureExtractor, Features
from regene_bench.evaluation.extractor_calls import extracted


@dataclass(frozen=True)
class Lane:
    """An extractor that is ready on a device.

    Attributes:
        extractor: A prepared one.
        device: Where it computes.
    """

    extractor: FeatureExtractor
    device: torch.device

    def extract(self, images: Tensor, whose: str) -> Features:
        """Extract features, and bring them to where the images are.

        Args:
            images: uint8 ``[N, C, H, W]`` on any device.
            whose: As of ``extractor_calls.prepared``.

        Raises:
            PluginError: As of ``extractor_calls.extracted``.
        """
        if images.device == self.device:
            return extracted(self.extractor, images, whose)
        with _current(self.device):
            found = extracted(self.extractor, images.to(self.device), whose)
        logits = found.logits
        return Features(
            found.features.to(images.device), None if logits is None else logits.to(images.device)
        )


def in_chunks(
    lanes: Sequence[Lane], images: Tensor, chunk: int, whose: str, check: Callable[[], None]
) -> Iterator[Features]:
    """Yield features of ``chunk`` images after the other, in order.

    Args:
        lanes: At least one; the first is of the device on which the images are.
        images: uint8 ``[N, C, H, W]``.
        chunk: How many at a time; the last ones may be fewer.
        whose: As of ``extractor_calls.prepared``.
        check: Called before each chunk is waited for; what it raises ends the work.

    Raises:
        PluginError: As of ``extractor_calls.extracted``.
    """
    starts = range(0, len(images), chunk)
    if len(lanes) == 1 or len(starts) == 1:
        for start in starts:
            check()
            yield lanes[0].extract(images[start : start + chunk], whose)
        return
    free: SimpleQueue[Lane] = SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def on_a_free_lane(start: int) -> Features:
        lane = free.get()
        try:
            return lane.extract(images[start : start + chunk], whose)
        finally:
            free.put(lane)

    threads = ThreadPoolExecutor(len(lanes))
    try:
        waiting = deque(threads.submit(on_a_free_lane, start) for start in starts)
        while waiting:
            check()
            yield waiting.popleft().result()
    finally:
        threads.shutdown(cancel_futures=True)


def _current(device: torch.device) -> AbstractContextManager[object]:
    """Have kernels that ask for no device be started on this one, in this thread."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
