"""Brings a data set's classes into the published order, however its files spell and number them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from regene_bench.api import DataError, ImageSet
from regene_bench.data.readers import labels_of_names


def align_classes(data: ImageSet, names: Sequence[str]) -> ImageSet:
    """Rename and renumber classes to ``names``.

    Spelling is compared as ``readers.labels_of_names`` does ("T - shirt / top" is "T-shirt/top");
    classes that are only numbered are taken by their number.

    Args:
        data: A split as it was read.
        names: K published names, in label order.

    Returns:
        The same images, with labels int64 that index ``names``.

    Raises:
        DataError: The data set has other classes.
    """
    own = data.class_names
    numbers = [str(number) for number in range(len(names))]
    by_number, by_name = labels_of_names(own, numbers), labels_of_names(own, names)
    found = by_number if len(by_number) == len(own) else by_name
    new_label = np.array([found.get(name, -1) for name in own], dtype=np.int64)
    if sorted(new_label) != list(range(len(names))):
        raise DataError(f"Its classes are {', '.join(own)}; expected {', '.join(names)}.")
    in_range = (data.labels >= 0) & (data.labels < len(own))
    if not in_range.all():
        first = int(np.flatnonzero(~in_range)[0])
        raise DataError(
            f"Image {first} has the label {data.labels[first]}, outside 0..{len(own) - 1}."
        )
    return ImageSet(data.images, new_label[data.labels], tuple(names))
