"""Random numbers that depend on what they are for, never on when or in which batch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive_seed(*parts: object) -> int:
    """Hash any printable parts to a seed in [0, 2**63).

    The same parts give the same seed on every platform and Python version.
    """
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@dataclass(frozen=True)
class SampleRng:
    """Per-sample random streams: sample ``i`` depends on ``(seed, i)`` alone, never on the batch.

    Each draw is named by ``stream``; the same stream drawn twice gives the same numbers, so a
    generator that needs two independent draws names two streams.

    Attributes:
        seed: Seed of the whole sampling.
        start: Index of the first sample of this batch.
    """

    seed: int
    start: int = 0

    def at(self, start: int) -> SampleRng:
        """Return the same streams for a batch whose first sample has index ``start``."""
        return SampleRng(self.seed, start)

    def numpy(self, index: int, stream: str) -> np.random.Generator:
        """Return the generator of sample ``start + index`` for ``stream``."""
        key = np.array([derive_seed(self.seed, stream), self.start + index], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=key))

    def normal(self, n: int, shape: tuple[int, ...], stream: str = "normal") -> torch.Tensor:
        """Draw standard normal noise, float32 ``[n, *shape]`` on the CPU, one stream a sample."""
        return self._stack(n, shape, stream, "normal")

    def uniform(self, n: int, shape: tuple[int, ...], stream: str = "uniform") -> torch.Tensor:
        """Draw uniform noise in [0, 1), float32 ``[n, *shape]`` on the CPU, one stream a sample."""
        return self._stack(n, shape, stream, "uniform")

    def _stack(self, n: int, shape: tuple[int, ...], stream: str, kind: str) -> torch.Tensor:
        import torch

        out = np.empty((n, *shape), dtype=np.float32)
        key = derive_seed(self.seed, stream)
        for i in range(n):
            philox = np.random.Philox(key=np.array([key, self.start + i], dtype=np.uint64))
            generator = np.random.Generator(philox)
            if kind == "normal":
                out[i] = generator.standard_normal(shape, dtype=np.float32)
            else:
                out[i] = generator.random(shape, dtype=np.float32)
        return torch.from_numpy(out)


@contextmanager
def seeded(*parts: object) -> Iterator[None]:
    """Run a block under torch's global generators seeded from ``parts``, and restore them after.

    Network initialisation and dropout draw from the global generators; inside this block they are
    reproducible whatever ran before.
    """
    import torch

    devices = range(torch.cuda.device_count()) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=list(devices)):
        torch.manual_seed(derive_seed(*parts))
        yield
