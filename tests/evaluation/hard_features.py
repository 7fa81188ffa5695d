"""Feature sets that are hard to bound distances in."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from regene_bench.evaluation import screen

from .builders import gaussian


def _with_outlier() -> Tensor:
    features = gaussian(90, 6, 4)
    features[17] *= 1e15
    return features


def _clusters(apart: float, wide: float) -> Tensor:
    """Four of them, one sample of each after the other."""
    return gaussian(4, 16, 9, scale=apart).repeat(25, 1) + gaussian(100, 16, 10, scale=wide)


def _with_crowd() -> Tensor:
    return torch.cat([torch.ones(60, 4), gaussian(30, 4, 5)]).double()


HARD: dict[str, Callable[[], Tensor]] = {
    "plain": lambda: gaussian(100, 24, 0),
    "copies": lambda: gaussian(25, 6, 1).repeat(4, 1),
    "one point": lambda: torch.full((40, 5), 3.0, dtype=torch.float64),
    "a crowd": _with_crowd,
    "ties on a line": lambda: torch.arange(100, dtype=torch.float64)[:, None],
    "whole numbers": lambda: gaussian(100, 3, 2).mul(2).round(),
    "constant features": lambda: torch.cat([gaussian(80, 2, 3), torch.full((80, 6), 7.0)], dim=1),
    "tiny": lambda: 1e-15 * gaussian(80, 8, 6),
    "huge": lambda: 1e15 * gaussian(80, 8, 7),
    "far off": lambda: 1e5 + gaussian(80, 8, 8),
    "tight clusters": lambda: _clusters(1e3, 1e-3),
    "clusters in order": lambda: _clusters(10.0, 1.0).view(25, 4, 16).transpose(0, 1).flatten(0, 1),
    "an outlier": _with_outlier,
    "nearly parallel": lambda: (
        gaussian(80, 1, 13) @ gaussian(1, 40, 14) + 1e-4 * gaussian(80, 40, 15)
    ),
}


def without_low_precision(patch: Callable[[object, str, object], None]) -> None:
    patch(screen, "has_fast_low_precision", lambda device: False)


def with_low_precision(patch: Callable[[object, str, object], None]) -> None:
    """Factors and products are rounded to bfloat16, also where the device gains nothing by it."""
    patch(screen, "has_fast_low_precision", lambda device: True)


def with_low_precision_of_factors(patch: Callable[[object, str, object], None]) -> None:
    """Factors are rounded to bfloat16 and products are not, as on a CUDA device."""
    with_low_precision(patch)
    patch(screen, "low_precision_dtype", lambda device: torch.float32)


WAYS = {
    "full": without_low_precision,
    "low": with_low_precision,
    "low factors": with_low_precision_of_factors,
}
