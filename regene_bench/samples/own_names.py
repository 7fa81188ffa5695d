"""The class names that a data set in memory has of its own, which its integer labels index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Subset

from regene_bench.base.errors import DataError
from regene_bench.data.class_names import LABEL_NAMES, labels_of_names
from regene_bench.samples.labelling import labels_of_array, labels_of_words


@dataclass(frozen=True)
class OwnNames:
    """Names in the order of a data set's labels.

    Attributes:
        names: Them.
        are_binding: Whether they are the benchmark's names in any case, and refused otherwise.
            torchvision lists titles as well (``"0 - zero"``), which say nothing where no class is
            called so.
    """

    names: tuple[str, ...]
    are_binding: bool


def own_names(data: Any) -> OwnNames | None:
    """Find the names of a data set of Hugging Face or torchvision, also within a loader."""
    while isinstance(data, DataLoader | Subset):
        data = data.dataset
    features = getattr(data, "features", None)
    if isinstance(features, Mapping):
        column = next((name for name in LABEL_NAMES if name in features), None)
        names = getattr(features[column], "names", None) if column else None
        return OwnNames(tuple(names), True) if names else None
    classes = getattr(data, "classes", None)
    is_list = isinstance(classes, list | tuple) and all(isinstance(one, str) for one in classes)
    # what a transform makes of labels is not known
    if not classes or not is_list or getattr(data, "target_transform", None) is not None:
        return None
    return OwnNames(tuple(classes), False)


def number_labels(
    labels: np.ndarray, own: OwnNames | None, class_names: Sequence[str], name: str
) -> np.ndarray:
    """Number the benchmark's classes that labels mean.

    ``ImageFolder`` sorts folders as text, so that its label 2 may be the folder ``10``: where a
    data set has names of the benchmark's classes, they count, and not its numbers.

    Args:
        labels: Labels of any kind, ``[N]``.
        own: The data set's names.
        class_names: K names in label order.
        name: What error messages call the samples.

    Returns:
        int64 ``[N]``.

    Raises:
        DataError: They are no classes of the benchmark.
    """
    where = f"the labels of {name}"
    is_numbered = labels.ndim == 1 and labels.dtype.kind in "iu"
    if own is None or not is_numbered:
        return labels_of_array(labels, class_names, where)
    if not own.are_binding and not labels_of_names(own.names, class_names):
        return labels_of_array(labels, class_names, where)
    wrong = labels[(labels < 0) | (labels >= len(own.names))]
    if len(wrong):
        raise DataError(
            f"{name} has the label {wrong[0]}, which is no class of its list.",
            hint="Leave out images of no class, or give labels='none'.",
        )
    return labels_of_words([own.names[label] for label in labels], class_names, where)
