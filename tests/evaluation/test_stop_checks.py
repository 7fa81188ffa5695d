"""Long computations look between their steps whether they shall end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from regene_bench.evaluation.extrapolation import frechet_at_infinity
from regene_bench.evaluation.kid import kernel_distance
from regene_bench.evaluation.prdc import precision_recall_density_coverage
from regene_bench.evaluation.radii import neighbour_radii
from regene_bench.evaluation.real_distances import split_distances
from regene_bench.runtime.stop import StopCheck

from .builders import gaussian

Computation = Callable[[Tensor, StopCheck], object]
COMPUTATIONS: dict[str, Computation] = {
    "radii": lambda x, between: neighbour_radii(x, 3, chunk=25, between=between),
    "precision and recall": lambda x, between: precision_recall_density_coverage(
        x, x + 0.5, chunk=25, radii_real=torch.ones(len(x), dtype=x.dtype), between=between
    ),
    "KID by subset": lambda x, between: kernel_distance(
        x, x + 0.5, subsets=9, subset_size=5, between=between
    ),
    "KID by tile": lambda x, between: kernel_distance(
        x, x + 0.5, subsets=100, subset_size=90, between=between
    ),
    "FD∞": lambda x, between: frechet_at_infinity(x, x + 0.5, between=between),
    "real from real": lambda x, between: split_distances(
        x, torch.arange(len(x)) % 2, 40, between=between
    ),
}


class Ended(Exception):
    pass


@pytest.mark.parametrize("name", COMPUTATIONS)
def test_it_ends_where_it_is_told_to(name: str) -> None:
    features, looks = gaussian(100, 4, 0), 0

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks == last:
            raise Ended

    last = 0
    COMPUTATIONS[name](features, look)
    assert looks >= 3
    last, looks = looks, 0
    with pytest.raises(Ended):
        COMPUTATIONS[name](features, look)
