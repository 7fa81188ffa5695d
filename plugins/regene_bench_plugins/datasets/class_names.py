"""Brings a data set's classes into a given order, however its files spell and number them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from regene_bench.api import DataError, ImageSet
from regene_bench.data.readers import labels_of_integers, labels_of_names


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


def name_classes(data: ImageSet, names: Sequence[str], n_classes: int, where: str) -> ImageSet:
    """Give classes the names and the order that a protocol lists.

    Where files only number the classes, integers mean them by the rule for all files
    (``readers.labels_of_integers``): they are places in the list, or, where all names are integers,
    the classes of these names. Where files name the classes, the list must have the same names.

    Args:
        data: A split as it was read; classes called "0", "1", … are only numbered.
        names: The names.
        n_classes: K of the benchmark.
        where: Names the files in error messages.

    Returns:
        The same images, with labels int64 that index ``names``.

    Raises:
        DataError: There are not K distinct names, a label means none of them, or the files have
            other names.
    """
    if len(names) != n_classes or len(set(names)) != n_classes:
        distinct = len(set(names))
        raise DataError(
            f"class_names lists {len(names)} classes"
            + (f", {distinct} of them distinct" if distinct < len(names) else "")
            + f"; the benchmark has {n_classes}.",
            hint="Give as many names as classes in [data], in the order of the labels.",
        )
    if data.class_names != tuple(str(number) for number in range(n_classes)):
        try:
            return align_classes(data, names)
        except DataError as error:
            raise DataError(
                f"{where}: {error.message}",
                hint="These files name their classes: leave class_names out, or list the same "
                "names in the order that is wanted.",
            ) from None
    labels = labels_of_integers(data.labels, names)
    if (labels < 0).any():
        raise DataError(
            f"{where} has the label {data.labels[labels < 0][0]}, which means none of the classes "
            f"{', '.join(names)}.",
            hint="Labels are places in class_names, from 0; where all names are integers, they "
            "are these names.",
        )
    return ImageSet(data.images, labels, tuple(names))


def check_numbers(data: ImageSet, n_classes: int, where: str) -> ImageSet:
    """Return a split whose labels are 0 to K - 1.

    Raises:
        DataError: They are not; says what they are, and how a protocol names them.
    """
    used = np.unique(data.labels)
    if not len(used) or (used[0] >= 0 and used[-1] < n_classes):
        return data
    listed = ", ".join(map(str, used[:20])) + (", …" if len(used) > 20 else "")
    raise DataError(
        f"{where} has the labels {listed}; with {n_classes} classes they are 0 to {n_classes - 1}.",
        hint="If the labels are called by other integers, list those: "
        'class_names = ["1", "2", …] in [data.options]. Otherwise say the right number of classes.',
    )
