"""Arrays and tensors of images, in any of the usual layouts, to uint8 of the benchmark's shape."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch

from regene_bench.base.errors import DataError
from regene_bench.data.array_axes import channels_first
from regene_bench.data.decode import DecodeOptions, fit_images
from regene_bench.data.device_images import to_uint8
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.collection import OWN_SHAPE, Size
from regene_bench.samples.misfits import grey_in_colour, grey_of, wrong_size
from regene_bench.samples.value_ranges import range_of, remedy_of_range, remedy_of_type

_CHUNK = 1024
_TOLERANCE = 1e-4


def images_of_array(
    array: Any, shape: ImageShape, where: str, *, resize: bool
) -> tuple[np.ndarray, Size | None]:
    """Bring an array of images to the benchmark's shape.

    Args:
        array: NumPy array or torch tensor, ``[N, H, W, C]``, ``[N, C, H, W]``, or ``[N, H, W]`` of
            grey images; uint8, or floats in [0, 1], which are rounded to uint8.
        shape: The benchmark's; with ``OWN_SHAPE`` the images keep their own.
        where: Names the array in error messages.
        resize: Resize images of another size (bicubic, antialiased) instead of refusing them.

    Returns:
        uint8 ``[N, C, H, W]``, and the size that the images had if it was another.

    Raises:
        DataError: Another shape or type, values that are not finite or outside [0, 1], or colours
            that are not the benchmark's.
    """
    images = as_array(array, where)
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise DataError(f"{where} has values of type {images.dtype}.", hint=remedy_of_type(images))
    images = channels_first(images, shape, where)
    if not len(images):
        raise DataError(f"{where} holds no image.", hint="Its first axis has length 0.")
    if shape == OWN_SHAPE:
        shape = ImageShape(images.shape[1], images.shape[2], images.shape[3], 0)
    if images.shape[1] < shape.channels:
        raise grey_in_colour(f"{where}: every image")
    size, wanted = (int(images.shape[2]), int(images.shape[3])), (shape.height, shape.width)
    if size != wanted and not resize:
        raise wrong_size(f"The images of {where} are", size, wanted)
    out = np.empty((len(images), shape.channels, *wanted), dtype=np.uint8)
    for start in range(0, len(images), _CHUNK):
        part = _quantised(images, start, where)
        if part.shape[1] > shape.channels:
            part = grey_of(part, partial(_name, where, start))
        out[start : start + len(part)] = fit_images(part, shape, DecodeOptions())
    return out, None if size == wanted else size


def as_array(value: Any, where: str) -> np.ndarray:
    """View an array, a tensor of any device, or nested lists as an array of this machine.

    Args:
        value: Whatever was handed over; bfloat16, which NumPy has not, becomes float32.
        where: Names it in error messages.

    Raises:
        DataError: It is no array: lists of several lengths, or a sparse or quantised tensor.
    """
    try:
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu()
            value = (value.float() if value.dtype == torch.bfloat16 else value).numpy()
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:
        raise DataError(
            f"{where} is no array of one shape and type: {str(error).splitlines()[0]}",
            hint="Give one dense array or tensor; numpy.stack(them) makes one of a list of equal "
            "shapes.",
        ) from None
    # files of other machines keep their numbers the other way round, which torch does not take
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _name(where: str, first: int, i: int) -> str:
    return f"Image {first + i} of {where}"


def _quantised(images: np.ndarray, first: int, where: str) -> np.ndarray:
    """Round a chunk of floats in [0, 1] to uint8, as a saved picture holds them."""
    part = images[first : first + _CHUNK]
    if part.dtype == np.uint8:
        return part
    finite = np.isfinite(part).all(axis=(1, 2, 3))
    if not finite.all():
        number = first + int(np.flatnonzero(~finite)[0])
        raise DataError(
            f"Image {number} of {where} has values that are not finite.",
            hint="Such images cannot be scored; take them out, or mend the generator.",
        )
    if part.min() < -_TOLERANCE or part.max() > 1 + _TOLERANCE:
        # what is to be done depends on all images, not on the first that is out of range
        low, high = range_of(images)
        raise DataError(
            f"{where} has float values from {low:.4g} to {high:.4g}, not in [0, 1].",
            hint=remedy_of_range(low, high),
        )
    pixels: np.ndarray = to_uint8(torch.from_numpy(np.array(part))).numpy()
    return pixels
