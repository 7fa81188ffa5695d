"""Which of the named arrays of a file are its images, its labels, and its list of classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.class_names import LABEL_NAMES

IMAGE_NAMES: Final = ("images", "samples", "x", "arr_0", "fake", "generated")
"""What arrays of images are usually called."""

_LABELS: Final = (*LABEL_NAMES, "arr_1")
_CLASS_LISTS: Final = ("class_names", "classes")
_MOST_LISTED: Final = 6


def choose_images(shapes: Mapping[str, Sequence[int]], path: Path, kind: str) -> str:
    """Find the images: the one array of a usual name, or else the only one.

    Args:
        shapes: Shapes of all arrays by their names.
        path: The file, for messages.
        kind: ``"array"`` or ``"tensor"``.

    Raises:
        DataError: There are none, or several that could be meant.
    """
    pictures = [name for name, shape in shapes.items() if len(shape) in (3, 4)]
    usual = [name for name in IMAGE_NAMES if name in pictures] or pictures
    if len(usual) == 1:
        return usual[0]
    shown = usual or list(shapes)
    listing = [f"{name} {list(shapes[name])}" for name in shown[:_MOST_LISTED]]
    listing += ["…"] if len(shown) > _MOST_LISTED else []
    raise DataError(
        f"Which {kind} of {path} holds the images? It has {', '.join(listing) or 'none'}.",
        hint="Write the file again with only the images that are meant, called 'images', and their "
        "labels, called 'labels'.",
    )


def choose_labels(
    names: Iterable[str],
    values_of: Callable[[str], Any],
    path: Path,
    kind: str,
    *,
    may_be_named: bool = True,
) -> str | None:
    """Find the labels: the first array of a usual name.

    Args:
        names: Names of the arrays that are no images.
        values_of: Reads the array of a name.
        path: The file, for messages.
        kind: ``"array"`` or ``"tensor"``.
        may_be_named: Whether the user can say which are meant.

    Returns:
        Its name; None if there is none such.

    Raises:
        DataError: There are several, and they differ.
    """
    there = set(names)
    usual = [name for name in _LABELS if name in there]
    if not usual:
        return None
    first = np.ravel(values_of(usual[0]))
    for name in usual[1:]:
        if not np.array_equal(first, np.ravel(values_of(name))):
            raise DataError(
                f"Which {kind} of {path} holds the labels? {usual[0]} and {name} differ.",
                hint=f"Name the one that does: --labels {usual[0]} (labels={usual[0]!r}), or "
                f"--labels {name}."
                if may_be_named
                else "Write the file again with one of them.",
            )
    return usual[0]


def list_of_classes(arrays: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Find the names that integer labels index: distinct words under a usual name.

    Args:
        arrays: Arrays or lists by their names; only those of usual names are looked at.
    """
    for name in _CLASS_LISTS:
        if name in arrays:
            words = np.asarray(arrays[name])
            if (
                words.ndim == 1
                and words.dtype.kind == "U"
                and len(set(words.tolist())) == len(words)
            ):
                return tuple(words.tolist())
    return None
