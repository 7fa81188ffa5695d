"""Arrays in Hugging Face's data sets, in the type that their features declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from regene_bench.samples.arrays import as_array
from regene_bench.samples.own_names import underlying


def in_stored_types(rows: Iterable[Any], data: Any) -> Iterator[Any]:
    """Give arrays of ``Array2D`` and the like, which come as lists or as int64, their own type.

    Args:
        rows: Rows or batches of a data set; what is no mapping is passed on.
        data: The data set, or a loader of it, that they come from.

    Yields:
        Rows with arrays in the place of lists and of wider integers. What a transform made of
        values is left alone: other types, and integers that the declared type has no room for;
        and so are lists of a loader, which has turned their axes round.
    """
    features = getattr(underlying(data), "features", None)
    declared = {
        name: np.dtype(feature.dtype)
        for name, feature in (features.items() if isinstance(features, Mapping) else ())
        if isinstance(getattr(feature, "shape", None), tuple)
    }
    is_loader = isinstance(data, DataLoader)
    for row in rows:
        if declared and isinstance(row, Mapping):
            yield {
                name: value
                if name not in declared or (is_loader and isinstance(value, list))
                else _as_stored(value, declared[name])
                for name, value in row.items()
            }
        else:
            yield row


def _as_stored(value: Any, dtype: np.dtype[Any]) -> np.ndarray:
    if isinstance(value, list):
        return np.asarray(value, dtype)
    array = as_array(value)
    if array.dtype.kind in "iu" and dtype.kind in "iu" and array.size:
        room = np.iinfo(dtype)
        if room.min <= array.min() and array.max() <= room.max:
            return array.astype(dtype)
    return array
