"""Orders and splits that depend on names alone: the same on every machine, in every version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np


def hash_order(keys: Sequence[str]) -> np.ndarray:
    """Return the order that sorts keys by their SHA-256, int64 ``[N]``.

    It is a shuffle that needs no seed: any prefix is an unbiased sample.
    """
    digests = [hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest() for key in keys]
    return np.array(sorted(range(len(keys)), key=lambda i: (digests[i], keys[i])), dtype=np.int64)


def hashed_test_mask(keys: Sequence[str], labels: np.ndarray, test_fraction: float) -> np.ndarray:
    """Choose a stratified test split.

    Of each class the first ``round(n · test_fraction)`` keys in hash order are for testing, but at
    least one and never all (a class of one image has it in train).

    Args:
        keys: N distinct names, such as paths relative to the data set's folder.
        labels: int64 ``[N]``.
        test_fraction: In (0, 1).

    Returns:
        bool ``[N]``, True for test.
    """
    mask = np.zeros(len(keys), dtype=bool)
    order = hash_order(keys)
    for label in np.unique(labels):
        members = order[labels[order] == label]
        n_test = min(max(1, round(len(members) * test_fraction)), len(members) - 1)
        mask[members[:n_test]] = True
    return mask
