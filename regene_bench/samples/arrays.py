"""Arrays and tensors of images, in any of the usual layouts, to uint8 of the benchmark's shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from regene_bench.base.errors import DataError
from regene_bench.data.array_axes import channels_first
from regene_bench.data.decode import DecodeOptions, fit_images
from regene_bench.data.device_images import to_uint8
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.collection import OWN_SHAPE, Size
from regene_bench.samples.misfits import grey_in_colour, grey_of, mixed_sizes, wrong_size
from regene_bench.samples.sources import ARRAY
from regene_bench.samples.value_ranges import remedy_of_range, remedy_of_type

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
    gathered = ArrayImages(shape, where, resize=resize)
    gathered.add(array)
    return gathered.finish(), gathered.resized_from


class ArrayImages:
    """Images that come as arrays, in one or in many, and are judged as if they came in one.

    What is right of a range depends on all values: images in [-1, 1] may begin with bright ones.
    So a range that does not fit is refused by ``finish``, and only what no later array could change
    is refused at once.

    Attributes:
        resized_from: The size that the images had, if it is not the benchmark's; that of the first
            of them where they had several.
        n_sizes: How many sizes they had.
    """

    def __init__(self, shape: ImageShape, where: str, *, resize: bool) -> None:
        """Begin with no image; arguments are those of ``images_of_array``."""
        self.resized_from: Size | None = None
        self._shape = shape
        self._where = where
        self._resize = resize
        self._sizes: dict[Size, int] = {}
        self._pixels: np.ndarray | None = None
        self._n = 0
        self._dtype: np.dtype[Any] | None = None
        self._low, self._high = np.inf, -np.inf
        self._in_colour: DataError | None = None

    def __len__(self) -> int:
        return self._n

    @property
    def n_sizes(self) -> int:
        return max(1, len(self._sizes))

    def add(self, array: Any) -> None:
        """Take some images, of which nothing is kept but uint8 of the benchmark's shape.

        Raises:
            DataError: See ``images_of_array``.
        """
        images = as_array(array, self._where)
        self._check_type(images.dtype)
        if not self._is_image_type():
            self._see_range(images)
            self._n += len(images) if images.ndim else 0
            return
        images = self._fitting(images)
        self._make_room(len(images))
        for start in range(0, len(images), _CHUNK):
            self._take(images[start : start + _CHUNK])

    def finish(self) -> np.ndarray:
        """Return all images, uint8 ``[N, C, H, W]``.

        Raises:
            DataError: There are none, or values or colours do not fit.
        """
        if self._dtype is not None and not self._is_image_type():
            raise DataError(
                f"{self._where} has values of type {self._dtype}.",
                hint=remedy_of_type(self._dtype, self._low, self._high),
            )
        if not self._n:
            raise DataError(f"{self._where} holds no image.", hint="Its first axis has length 0.")
        if self._is_out_of_range():
            raise DataError(
                f"{self._where} has float values from {self._low:.4g} to {self._high:.4g}, not in "
                "[0, 1].",
                hint=remedy_of_range(self._low, self._high),
            )
        if self._in_colour:
            raise self._in_colour
        assert self._pixels is not None
        self._pixels.resize((self._n, *self._pixels.shape[1:]), refcheck=False)
        return self._pixels

    def _check_type(self, dtype: np.dtype[Any]) -> None:
        if self._dtype is not None and (dtype == np.uint8) != (self._dtype == np.uint8):
            raise DataError(
                f"{self._where} has values of type {self._dtype}, and then of {dtype}.",
                hint="Give all images as uint8, or all as floats in [0, 1].",
            )
        if self._dtype is None or dtype.kind != "f":
            self._dtype = dtype

    def _is_image_type(self) -> bool:
        return self._dtype is not None and (self._dtype == np.uint8 or self._dtype.kind == "f")

    def _is_out_of_range(self) -> bool:
        return self._low < -_TOLERANCE or self._high > 1 + _TOLERANCE

    def _fitting(self, images: np.ndarray) -> np.ndarray:
        """View images as ``[n, C, H, W]`` of colours and a size that fit."""
        images = channels_first(images, self._shape, self._where)
        if not len(images):
            return images
        if self._shape == OWN_SHAPE:
            self._shape = ImageShape(images.shape[1], images.shape[2], images.shape[3], 0)
        if images.shape[1] < self._shape.channels:
            raise grey_in_colour(f"{self._where}: every image")
        size = (int(images.shape[2]), int(images.shape[3]))
        wanted = (self._shape.height, self._shape.width)
        self._sizes.setdefault(size, self._n)
        if not self._resize:
            if len(self._sizes) > 1:
                first, other = (
                    (f"image {n} of {self._where}", size) for size, n in self._sizes.items()
                )
                raise mixed_sizes(first, other)
            if size != wanted:
                raise wrong_size(f"The images of {self._where} are", size, wanted)
        if size != wanted:
            self.resized_from = self.resized_from or size
        return images

    def _take(self, part: np.ndarray) -> None:
        first = self._n
        self._n += len(part)
        if part.dtype != np.uint8:
            finite = np.isfinite(part).all(axis=(1, 2, 3))
            if not finite.all():
                number = first + int(np.flatnonzero(~finite)[0])
                raise DataError(
                    f"Image {number} of {self._where} has values that are not finite.",
                    hint="Such images cannot be scored; take them out, or mend the generator.",
                )
            self._see_range(part)
            if self._is_out_of_range() or self._in_colour:
                # what will be refused is looked at only
                self._pixels = None
                return
            part = to_uint8(torch.from_numpy(np.array(part))).numpy()
        if part.shape[1] > self._shape.channels:
            try:
                part = grey_of(part, lambda i: f"Image {first + i} of {self._where}")
            except DataError as error:
                self._in_colour = error
                return
        if self._pixels is not None:
            self._pixels[first : self._n] = fit_images(part, self._shape, DecodeOptions())

    def _make_room(self, n: int) -> None:
        """Let one array grow: many that are joined at the end would be held twice."""
        if self._in_colour or self._is_out_of_range() or not n:
            return
        one = (self._shape.channels, self._shape.height, self._shape.width)
        if self._pixels is None:
            self._pixels = np.empty((n, *one), dtype=np.uint8)
        elif self._n + n > len(self._pixels):
            most = max(self._n + n, len(self._pixels) * 5 // 4)
            self._pixels.resize((most, *one), refcheck=False)

    def _see_range(self, part: np.ndarray) -> None:
        if part.size and part.dtype.kind in "iuf":
            self._low = min(self._low, float(part.min()))
            self._high = max(self._high, float(part.max()))


def as_array(value: Any, where: str = ARRAY) -> np.ndarray:
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
            hint=_way_to_dense(value),
        ) from None
    # files of other machines keep their numbers the other way round, which torch does not take
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _way_to_dense(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        if value.is_quantized:
            return "Give the values themselves: tensor.dequantize()."
        if value.layout != torch.strided:
            return "Give one dense tensor: tensor.to_dense()."
        if value.dtype.is_floating_point and value.itemsize == 1:
            return "Give a type that NumPy has as well: tensor.float()."
        return "Give a dense tensor of numbers, with values."
    return "Give one dense array; numpy.stack(them) makes one of a list of equal shapes."
