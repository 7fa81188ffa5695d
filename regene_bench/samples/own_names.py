"""The class names that a data set or a file lists, which its integer labels index."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from torch.utils.data import ChainDataset, ConcatDataset, DataLoader, Subset

from regene_bench.base.errors import DataError
from regene_bench.data.class_names import LABEL_NAMES, integer_names, labels_of_names
from regene_bench.samples.labelling import labels_of_array, labels_of_words

_MOST_NAMES: Final = 12
_TITLE: Final = re.compile(r"([0-9]+) - (.+)")


def underlying(data: Any) -> Any:
    """Take a data set out of the loaders and subsets that it is in."""
    while isinstance(data, DataLoader | Subset):
        data = data.dataset
    return data


def own_names(data: Any) -> tuple[str, ...] | None:
    """Find the names of a data set of Hugging Face or torchvision, also within a loader.

    Args:
        data: A data set, a loader or a subset of one, or several that are joined; anything else
            has no names.

    Returns:
        Names in the order of its labels; None if it lists none.

    Raises:
        DataError: Data sets that are joined have different lists.
    """
    data = underlying(data)
    if isinstance(data, ConcatDataset | ChainDataset):
        lists = list(dict.fromkeys(own_names(part) for part in data.datasets))
        if len(lists) > 1:
            shown = "; ".join(", ".join(names) if names else "none" for names in lists)
            raise DataError(
                f"The data sets that are joined have different lists of classes: {shown}.",
                hint="Give pairs (image, name of its class) instead.",
            )
        return lists[0] if lists else None
    features = getattr(data, "features", None)
    if isinstance(features, Mapping):
        column = next((name for name in LABEL_NAMES if name in features), None)
        names = getattr(features[column], "names", None) if column else None
        return tuple(names) if names else None
    classes = getattr(data, "classes", None)
    is_list = isinstance(classes, list | tuple) and all(isinstance(one, str) for one in classes)
    # what a transform makes of labels is not known
    if not classes or not is_list or getattr(data, "target_transform", None) is not None:
        return None
    return tuple(classes)


def number_labels(
    labels: np.ndarray, own: Sequence[str] | None, class_names: Sequence[str], name: str
) -> np.ndarray:
    """Number the benchmark's classes that labels mean.

    Where a data set lists its classes, an integer is a place in that list, and the name there
    counts: ``ImageFolder`` sorts folders as text, so that its label 2 may be the folder ``10``.
    torchvision's titles (``"0 - zero"``) name the class ``0`` where the benchmark's classes are
    called by integers, and else the class ``zero``.

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
    is_numbered = labels.ndim == 1 and labels.dtype.kind in "iu"
    if own is None or not is_numbered:
        return labels_of_array(labels, class_names, name)
    wrong = labels[(labels < 0) | (labels >= len(own))]
    if len(wrong):
        raise DataError(
            f"{name} has the label {wrong[0]}, which is no class of its list.",
            hint="Leave out images of no class, or give --labels none (labels='none').",
        )
    names = _without_titles(own, class_names)
    try:
        return labels_of_words([names[label] for label in labels], class_names, name)
    except DataError as error:
        shown = ", ".join(own[:_MOST_NAMES]) + (", …" if len(own) > _MOST_NAMES else "")
        raise DataError(
            error.message,
            hint=f"{error.hint} Its own list of classes is {shown}; labels that do not index it "
            "are given apart: as a pair (images, labels), or in a file (--labels).",
        ) from None


def _without_titles(own: Sequence[str], class_names: Sequence[str]) -> Sequence[str]:
    titles = [_TITLE.fullmatch(name) for name in own]
    if labels_of_names(own, class_names) or not all(titles):
        return own
    group = 1 if integer_names(class_names) is not None else 2
    return [title[group] for title in titles if title]
