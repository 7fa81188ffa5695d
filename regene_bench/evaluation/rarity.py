"""Rarity scores: how uncommon each generated sample is among the real ones.

Han et al., "Rarity Score" (2023): a real sample's ball reaches to its k-th nearest other real
sample; a generated sample is as rare as the smallest real ball that it lies in is large. Outside of
all balls it is no sample of the real distribution as far as these tell, and has no rarity.
"""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench.evaluation.frechet import check_pair
from regene_bench.evaluation.radii import CHUNK, neighbour_radii
from regene_bench.evaluation.screen import Screen
from regene_bench.runtime.stop import StopCheck, no_stop


def rarity_scores(
    real: Tensor,
    generated: Tensor,
    *,
    k: int = 3,
    radii_real: Tensor | None = None,
    chunk: int = CHUNK,
    between: StopCheck = no_stop,
) -> Tensor:
    """Compute the rarity of each generated sample ``[M, D]`` among real ones ``[N, D]``.

    A sample is in a ball if its distance is smaller than the radius.

    Args:
        real: ``[N, D]``.
        generated: ``[M, D]``.
        k: Which neighbour a ball reaches to.
        radii_real: ``neighbour_radii(real, k)``, if it is known already.
        chunk: Samples of either side at once.
        between: Called between chunks; it may raise to stop.

    Returns:
        ``[M]``: a radius, in units of the features, or infinity outside of all balls.

    Raises:
        MethodError: Other shapes, no more than k samples, or values that are not finite.
    """
    check_pair(real, generated)
    dtype = torch.promote_types(torch.promote_types(real.dtype, generated.dtype), torch.float32)
    real, generated = real.to(dtype), generated.to(dtype)
    if radii_real is None:
        radii_real = neighbour_radii(real, k, chunk=chunk, between=between)
    rarity = torch.full((len(generated),), torch.inf, dtype=dtype, device=real.device)
    screen = Screen(real, generated, chunk)
    for row in range(0, len(real), chunk):
        radii = radii_real[row : row + chunk]
        for tile in screen.tiles(row):
            between()
            rows, columns = screen.within(tile, radii[: tile.lower.shape[0], None])
            rarity.scatter_reduce_(0, columns, radii_real[rows], "amin")
    return rarity
