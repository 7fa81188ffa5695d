"""Objects that a program may hand to ``regene_bench.score`` as images and labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from regene_bench.base.errors import RegeneBenchError
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.arrays import as_array, images_of_array
from regene_bench.samples.labelling import labels_of_array

SHAPE = ImageShape(3, 6, 5, 3)
NAMES = ("cat", "dog", "owl")
_SIDES = st.sampled_from((0, 1, 2, 3, 4, 5, 6, 7))

any_dtype = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.floating_dtypes(),
    hnp.complex_number_dtypes(),
    hnp.unicode_string_dtypes(),
    hnp.byte_string_dtypes(),
    hnp.datetime64_dtypes(),
)
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.complex_numbers(),
)
nested = st.recursive(plain, lambda inner: st.lists(inner, max_size=4), max_leaves=12)


@st.composite
def images(draw: st.DrawFn) -> Any:
    """Arrays and tensors of any type and of shapes near to those of images; lists of anything."""
    if draw(st.integers(0, 4)) == 0:
        return draw(nested)
    shape = tuple(draw(st.lists(_SIDES, max_size=5)))
    if draw(st.booleans()):
        shape = draw(st.sampled_from(((4, 3, 6, 5), (4, 6, 5, 3), (4, 6, 5), (4, 1, 6, 5))))
    array = draw(hnp.arrays(draw(any_dtype), shape))
    return _tensor(array) if draw(st.booleans()) else array


@st.composite
def labels(draw: st.DrawFn) -> Any:
    """What may be given as labels."""
    if draw(st.booleans()):
        return draw(nested)
    shape = draw(st.sampled_from(((4,), (4, 1), (4, 3), (), (1,), (0,), (2, 2))))
    array = draw(hnp.arrays(draw(any_dtype), shape))
    return _tensor(array) if draw(st.booleans()) else array


def _tensor(array: np.ndarray) -> Any:
    try:
        return torch.from_numpy(array)
    except (TypeError, ValueError):
        return array


def attempt_images(value: Any, *, resize: bool) -> bool:
    """Read images; True if they were read, False if refused with a message."""
    try:
        found, _ = images_of_array(value, SHAPE, "an array", resize=resize)
    except RegeneBenchError:
        return False
    assert found.dtype == np.uint8
    assert found.shape[1:] == (3, 6, 5)
    return True


def attempt_labels(value: Any) -> bool:
    """Read labels; True if they were read, False if refused with a message."""
    try:
        found = labels_of_array(as_array(value, "labels"), NAMES, "labels")
    except RegeneBenchError:
        return False
    assert found.dtype == np.int64
    assert ((found >= 0) & (found < 3)).all()
    return True
