"""What readers of files and of arrays share: colours and sizes that do not fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.samples.collection import Size


def wrong_size(what: str, found: Size, wanted: Size) -> DataError:
    """Make the error for images that all have another size than the benchmark's."""
    return DataError(
        f"{what} {found[1]}×{found[0]} pixels; the benchmark's are {wanted[1]}×{wanted[0]}.",
        hint="--resize (resize=True) resizes them (bicubic), and every row then says so.",
    )


def mixed_sizes(first: tuple[str, Size], other: tuple[str, Size]) -> DataError:
    """Make the error for images of several sizes, of which two are named."""

    def text(example: tuple[str, Size]) -> str:
        name, (height, width) = example
        return f"{name} is {width}×{height} pixels"

    return DataError(
        f"The images have different sizes: {text(first)}, {text(other)}.",
        hint="Bring them to one size where they were made, or have each resized (bicubic) by "
        "--resize (resize=True); every row then says so.",
    )


def grey_in_colour(what: str) -> DataError:
    """Make the error for a grey image where colours are wanted."""
    return DataError(
        f"{what} is grey; the benchmark's images are in colour.",
        hint="If that is meant, save it with three equal channels (Pillow: image.convert('RGB')).",
    )


def grey_of(images: np.ndarray, name_of: Callable[[int], str]) -> np.ndarray:
    """Turn colour images that show only greys into grey ones, without changing a value.

    Args:
        images: uint8 ``[N, 3, H, W]``.
        name_of: Names image ``i`` in the error message.

    Returns:
        uint8 ``[N, 1, H, W]``.

    Raises:
        DataError: An image has a pixel whose three values are not equal.
    """
    colourful = (images != images[:, :1]).any(axis=(1, 2, 3))
    if colourful.any():
        raise DataError(
            f"{name_of(int(np.flatnonzero(colourful)[0]))} is in colour; the benchmark's images "
            "are grey.",
            hint="Convert them where they were made (Pillow: image.convert('L')).",
        )
    return images[:, :1]
