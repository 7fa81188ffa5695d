"""Some opened images, looked at and decoded in one pass, and judged when all of them are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from regene_bench.data.decode import pixels_of
from regene_bench.data.opened import Encoded
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.findings import Findings, LeftOut
from regene_bench.samples.headers import Header, header_of
from regene_bench.samples.misfits import grey_in_colour, grey_of


class PictureBlock:
    """Pixels of n images that arrive in any order, from several threads.

    Only ``finish`` refuses sizes and colours, so that which image is named does not depend on the
    order.
    """

    def __init__(
        self,
        n: int,
        name_of: Callable[[int], str],
        shape: ImageShape,
        *,
        resize: bool,
        any_colours: bool,
    ) -> None:
        """Make room.

        Args:
            n: How many images there will be.
            name_of: Names image ``i`` in error messages.
            shape: The benchmark's.
            resize: Resize images of other sizes, which are not decoded otherwise.
            any_colours: Grey images may be among colour ones.
        """
        size = (shape.height, shape.width)
        self._name_of = name_of
        self._shape = shape
        self._resize = resize
        self._grey_is_wrong = shape.channels > 1 and not any_colours
        self._pixels = np.zeros((n, shape.channels, *size), dtype=np.uint8)
        # files in colour may show greys only; zeros, as the place of what is left out has no colour
        self._coloured = np.zeros((n if shape.channels == 1 else 0, 3, *size), dtype=np.uint8)
        self._rgb = ImageShape(3, *size, shape.n_classes)
        self._headers: list[Header | None] = [None] * n
        self._seen_through = np.zeros(n, dtype=bool)
        self._bad: dict[int, str] = {}

    def take(self, i: int, image: Image.Image, item: Encoded | None = None) -> None:
        """Look at image ``i`` and decode it.

        Args:
            i: Its number in the block.
            image: The image.
            item: The file that it was opened from, where it was.

        Raises:
            Exception: Of many types, if it is damaged.
        """
        header = self._headers[i] = header_of(image, item)
        is_size = header.size == (self._shape.height, self._shape.width)
        # of images that will be refused only the sizes matter: are they mixed, or all wrong?
        if not (is_size or self._resize) or (header.is_grey and self._grey_is_wrong):
            return
        if self._shape.channels == 1 and not header.is_grey:
            self._coloured[i], self._seen_through[i] = pixels_of(image, self._rgb)
        else:
            self._pixels[i], self._seen_through[i] = pixels_of(image, self._shape)

    def leave_out(self, i: int, reason: str) -> None:
        """Note that image ``i`` cannot be decoded."""
        self._bad[i] = reason

    def finish(self, found: Findings, places: Sequence[int] | np.ndarray) -> np.ndarray:
        """Judge the images in their order and return their pixels.

        Args:
            found: Takes down what was met.
            places: Where the n images stand among all.

        Returns:
            uint8 ``[n, C, H, W]``; of those left out, any.

        Raises:
            DataError: Sizes are mixed where they are not resized, or an image has other colours
                than the benchmark's; it is named.
        """
        for i, header in enumerate(self._headers):
            name, place = self._name_of(i), int(places[i])
            if i in self._bad:
                found.bad[place] = LeftOut(name, self._bad[i])
            if header is None:
                continue
            found.add(place, name, header)
            if not self._resize:
                found.refuse_mixed()
            if header.is_grey and self._grey_is_wrong:
                raise grey_in_colour(f"The image {name}")
        coloured = [i for i, one in enumerate(self._headers) if one and not one.is_grey]
        if self._shape.channels == 1 and coloured:
            self._pixels[coloured] = grey_of(
                self._coloured[coloured], lambda k: f"The image {self._name_of(coloured[k])}"
            )
        found.seen_through += int(self._seen_through.sum())
        found.brightest = max(found.brightest, int(self._pixels.max(initial=0)))
        return self._pixels
