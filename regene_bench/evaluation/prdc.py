"""Precision, recall, density and coverage: how two sets of samples cover each other.

A ball around each sample reaches to its k-th nearest neighbour in its own set. Precision is the
share of generated samples in a ball of a real one, recall the reverse (Kynkäänniemi et al. 2019).
Density counts the real balls that a generated sample lies in, over k; coverage is the share of real
balls that hold a generated sample (Naeem et al. 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench.evaluation.frechet import check_pair
from regene_bench.evaluation.radii import CHUNK, neighbour_radii
from regene_bench.evaluation.screen import Screen
from regene_bench.runtime.stop import StopCheck, no_stop


@dataclass(frozen=True)
class PRDC:
    """How a generated set lies to a real one.

    Attributes:
        precision: Share of generated samples within the real set, in [0, 1].
        recall: Share of real samples within the generated set, in [0, 1].
        density: Mean number of real balls around a generated sample, over k; 1 for equal
            distributions, and it can be larger.
        coverage: Share of real balls with a generated sample, in [0, 1].
    """

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall_density_coverage(
    real: Tensor,
    generated: Tensor,
    *,
    k: int = 5,
    radii_real: Tensor | None = None,
    chunk: int = CHUNK,
    between: StopCheck = no_stop,
) -> PRDC:
    """Compare generated features ``[M, D]`` with real ones ``[N, D]``.

    A sample is no neighbour of itself, and it is in a ball if its distance is smaller than the
    radius. Distances are computed in float64 and rounded to the features' precision, so that ties
    fall as in the authors' library ``prdc``. Memory is O((N + M) k + chunk² + chunk D).

    Args:
        real: ``[N, D]``.
        generated: ``[M, D]``.
        k: Number of neighbours that a ball reaches to.
        radii_real: ``neighbour_radii(real, k)``, if it is known already.
        chunk: Samples of either side at once.
        between: Called between chunks; it may raise to stop.

    Raises:
        MethodError: Other shapes, no more than k samples, or values that are not finite.
    """
    check_pair(real, generated)
    dtype = torch.promote_types(torch.promote_types(real.dtype, generated.dtype), torch.float32)
    real, generated = real.to(dtype), generated.to(dtype)
    if radii_real is None:
        radii_real = neighbour_radii(real, k, chunk=chunk, between=between)
    radii_generated = neighbour_radii(generated, k, chunk=chunk, between=between)
    device = real.device
    in_real = torch.zeros(len(generated), dtype=torch.int64, device=device)
    in_generated = torch.zeros(len(real), dtype=torch.bool, device=device)
    occupied = torch.zeros(len(real), dtype=torch.bool, device=device)
    screen = Screen(real, generated, chunk)
    for row in range(0, len(real), chunk):
        for tile in screen.tiles(row):
            between()
            height, width = tile.lower.shape
            of_rows = radii_real[row : row + height, None]
            rows, columns = screen.within(tile, of_rows)
            in_real += torch.bincount(columns, minlength=len(generated))
            occupied[rows] = True
            of_columns = radii_generated[None, tile.column : tile.column + width]
            rows, _ = screen.within(tile, of_columns)
            in_generated[rows] = True
    return PRDC(
        precision=_share(in_real > 0),
        recall=_share(in_generated),
        density=float(in_real.sum()) / (k * len(generated)),
        coverage=_share(occupied),
    )


def _share(flags: Tensor) -> float:
    return int(flags.sum()) / len(flags)
