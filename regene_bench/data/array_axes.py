"""Which axis of an array of images holds the colours."""

from __future__ import annotations

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.shapes import ImageShape


def channels_first(images: np.ndarray, shape: ImageShape, where: str) -> np.ndarray:
    """View an array of images as ``[N, C, H, W]`` with C of 1 or 3.

    Args:
        images: ``[N, H, W]`` of grey images, ``[N, H, W, C]`` or ``[N, C, H, W]``.
        shape: The benchmark's; it settles what the array alone leaves open.
        where: Names the array in error messages.

    Raises:
        DataError: It has other axes, or its colours could be on either side.
    """
    if images.ndim == 3:
        return images[:, None]
    views = []
    if images.ndim == 4:
        views = [v for v in (images, images.transpose(0, 3, 1, 2)) if v.shape[1] in (1, 3)]
    exact = [v for v in views if v.shape[1:] == (shape.channels, shape.height, shape.width)]
    coloured = [v for v in views if v.shape[1] == shape.channels]
    for candidates in (exact, coloured, views):
        if len(candidates) == 1:
            return candidates[0]
    problem = "could be channels first or last" if views else "is no shape of images"
    raise DataError(
        f"{where} has the shape {list(images.shape)}, which {problem}.",
        hint="Images are [N, H, W, C] or [N, C, H, W] with C of 1 (grey) or 3 (RGB).",
    )
