"""One item of a list, a data set or an iterator: its images, and its labels if it has some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

from regene_bench.base.errors import DataError
from regene_bench.data.class_names import LABEL_NAMES
from regene_bench.samples.arrays import as_array

_ITEM_NAMES: Final = ("image", "img", "images", "samples", "x")
_CHANNELS: Final = (1, 2, 3, 4)
_HINT: Final = (
    "Give batches of images ([N, C, H, W]), pairs of a batch and its labels, or the same image by "
    "image."
)


def parted(item: Any, number: int) -> tuple[Any, np.ndarray | None]:
    """Take images and labels out of an item.

    Args:
        item: Images, a pair of images and labels (or None), or both in a mapping.
        number: The item's, for messages.

    Raises:
        DataError: It is something else.
    """
    if isinstance(item, Mapping):
        image = next((name for name in _ITEM_NAMES if name in item), None)
        if image is None:
            raise DataError(
                f"Item {number} has no images: its keys are {', '.join(map(str, item))}.",
                hint=f"Call the images {_ITEM_NAMES[0]!r}, and labels {LABEL_NAMES[0]!r}.",
            )
        label = next((name for name in LABEL_NAMES if name in item), None)
        return item[image], None if label is None else label_array(item[label])
    if isinstance(item, tuple) and len(item) == 2 and item[1] is None:
        return item[0], None
    if isinstance(item, list | tuple) and item and not isinstance(item[0], Image.Image):
        if len(item) == 1:
            return item[0], None
        if len(item) == 2 and holds_images(item[0]) and are_labels(item[1]):
            return item[0], label_array(item[1])
        raise _unknown(item, number)
    if isinstance(item, tuple | list) and len(item) == 2 and are_labels(item[1]):
        return item[0], label_array(item[1])
    return item, None


def image_array(images: Any, number: int) -> np.ndarray:
    """View an item's images as an array of two to four axes.

    Raises:
        DataError: They are something else.
    """
    if isinstance(images, torch.Tensor | np.ndarray) or hasattr(images, "__array__"):
        array = as_array(images)
        if array.ndim in (2, 3, 4):
            return array
    raise _unknown(images, number)


def holds_images(item: Any) -> bool:
    """Whether an item of a list may be an image, a batch, or one with labels."""
    if isinstance(item, Image.Image | np.ndarray | torch.Tensor):
        return not isinstance(item, np.ndarray | torch.Tensor) or item.ndim >= 2
    if isinstance(item, Mapping):
        return True
    return isinstance(item, list | tuple) and bool(item) and holds_images(item[0])


def are_labels(labels: Any) -> bool:
    """Whether it is a label, or one an image; those of wrong shapes are refused by who reads."""
    if isinstance(labels, bool | Image.Image):
        return False
    if isinstance(labels, int | str | np.integer):
        return True
    if isinstance(labels, np.ndarray | torch.Tensor):
        return labels.ndim <= 2
    return isinstance(labels, list | tuple) and all(
        isinstance(one, int | str | np.integer) for one in labels
    )


def label_array(labels: Any) -> np.ndarray:
    """View labels of any kind as an array."""
    return as_array(labels, "labels")


def is_grey_batch(item: Any) -> bool:
    """Whether an item of a list has three axes that are not those of one image."""
    images, labels = item, None
    if isinstance(item, Mapping):
        images, labels = _first_of(_ITEM_NAMES, item), _first_of(LABEL_NAMES, item)
    elif isinstance(item, list | tuple) and len(item) == 2:
        images, labels = item
    if not isinstance(images, np.ndarray | torch.Tensor) or images.ndim != 3:
        return False
    if isinstance(labels, list | np.ndarray | torch.Tensor) and np.ndim(labels):
        return True
    return images.shape[0] not in _CHANNELS and images.shape[2] not in _CHANNELS


def _first_of(names: Sequence[str], item: Mapping[Any, Any]) -> Any:
    return next((item[name] for name in names if name in item), None)


def _unknown(item: Any, number: int) -> DataError:
    kind = type(item).__name__
    if isinstance(item, list | tuple):
        kind += f" of {', '.join(type(one).__name__ for one in item[:4])}"
    elif hasattr(item, "shape"):
        kind += f" of shape {list(item.shape)}"
    return DataError(f"Item {number} of the samples is no images: it is a {kind}.", hint=_HINT)
