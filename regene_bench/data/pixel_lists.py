"""Images as nested lists of numbers, as ``Array2D`` and ``Array3D`` columns of tables hold them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from regene_bench.base.errors import DataError

_SHAPES = "[H, W], [H, W, C] or [C, H, W] with C of 1 (grey) or 3 (RGB)"


def is_pixel_list(kind: Any) -> bool:
    """Tell whether a type is one of lists of rows of pixels: two or three lists around integers."""
    import pyarrow.types as types

    depth = 0
    while types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        kind, depth = kind.value_type, depth + 1
    return depth in (2, 3) and bool(types.is_integer(kind))


def images_of_lists(cells: Any, name_of: Callable[[int], str]) -> list[bytes]:
    """Write images that are lists as the plainest of image files, PGM or PPM, in memory.

    All that follows (sizes, colours, crops) then treats them as it does any other image; no value
    changes.

    Args:
        cells: ``pyarrow.Array`` of N nested lists of integers in [0, 255], without nulls.
        name_of: Names image ``i`` in error messages.

    Raises:
        DataError: An image's rows differ in length, its values are no pixels, or its shape is none
            of an image.
    """
    shape = _common_shape(cells)
    if shape is None:
        if len(cells) == 1:
            raise DataError(
                f"The image {name_of(0)} has rows of different lengths, or lacks values.",
                hint=f"An image is {_SHAPES}.",
            )
        single = (cells.slice(i, 1) for i in range(len(cells)))
        return [
            images_of_lists(cell, lambda _, i=i: name_of(i))[0]  # type: ignore[misc]
            for i, cell in enumerate(single)
        ]
    values = _flat(cells, len(shape))
    pixels = np.asarray(values).reshape(len(cells), *shape)
    axes = tuple(range(1, pixels.ndim))
    wrong = np.flatnonzero((pixels.min(axis=axes) < 0) | (pixels.max(axis=axes) > 255))
    if len(wrong):
        raise DataError(
            f"The image {name_of(int(wrong[0]))} has values outside 0..255.",
            hint="Pixels are integers from 0 to 255 (uint8).",
        )
    files = _channels_last(pixels.astype(np.uint8, copy=False), name_of)
    _, height, width, channels = files.shape
    header = b"P%d %d %d 255\n" % (5 if channels == 1 else 6, width, height)
    return [header + image.tobytes() for image in files]


def _common_shape(cells: Any) -> tuple[int, ...] | None:
    """Return the lengths of the lists at each depth; None if they are not all alike."""
    import pyarrow.compute as pc
    import pyarrow.types as types

    shape = []
    while not types.is_integer(cells.type):
        lengths = pc.min_max(pc.list_value_length(cells)).as_py()
        if cells.null_count or lengths["min"] != lengths["max"] or not lengths["min"]:
            return None
        shape.append(int(lengths["min"]))
        cells = cells.flatten()
    return None if cells.null_count else tuple(shape)


def _flat(cells: Any, depth: int) -> Any:
    for _ in range(depth):
        cells = cells.flatten()
    return cells


def _channels_last(pixels: np.ndarray, name_of: Callable[[int], str]) -> np.ndarray:
    """View as ``[N, H, W, C]`` with C of 1 or 3."""
    if pixels.ndim == 3:
        return pixels[..., None]
    views = [view for view in (pixels, pixels.transpose(0, 2, 3, 1)) if view.shape[3] in (1, 3)]
    if len(views) == 1:
        return views[0]
    problem = "could be channels first or last" if views else "is none of an image"
    raise DataError(
        f"The image {name_of(0)} has the shape {list(pixels.shape[1:])}, which {problem}.",
        hint=f"Images are {_SHAPES}.",
    )
