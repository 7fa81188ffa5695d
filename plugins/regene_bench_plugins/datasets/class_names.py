"""Brings a data set's classes into the published order, however its files spell and number them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from regene_bench.api import DataError, ImageSet


def align_classes(data: ImageSet, names: Sequence[str]) -> ImageSet:
    """Rename and renumber classes to ``names``.

    Spelling is compared by letters and digits alone ("T - shirt / top" is "T-shirt/top"); classes
    that are only numbered are taken by their number.

    Args:
        data: A split as it was read.
        names: K published names, in label order.

    Returns:
        The same images, with labels int64 that index ``names``.

    Raises:
        DataError: The data set has other classes.
    """
    own = [_plain(name) for name in data.class_names]
    numbered = [str(i) for i in range(len(names))]
    wanted = numbered if sorted(own) == sorted(numbered) else [_plain(name) for name in names]
    if sorted(own) != sorted(wanted):
        raise DataError(
            f"Its classes are {', '.join(data.class_names)}; expected {', '.join(names)}."
        )
    new_label = np.array([wanted.index(name) for name in own], dtype=np.int64)
    in_range = (data.labels >= 0) & (data.labels < len(own))
    if not in_range.all():
        first = int(np.flatnonzero(~in_range)[0])
        raise DataError(
            f"Image {first} has the label {data.labels[first]}, outside 0..{len(own) - 1}."
        )
    return ImageSet(data.images, new_label[data.labels], tuple(names))


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
