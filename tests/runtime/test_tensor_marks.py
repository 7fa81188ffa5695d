"""A mark sees every change of a tensor, however it was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from regene_bench.runtime.tensor_marks import Marked, TensorMark

# more than one chunk of the checksum, and no whole number of 8-byte words
_LONG = (1 << 21) + 1005


def _exchange(x: Tensor) -> None:
    x[:2] = x[:2].flip(0).clone()


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.add_(1),
        lambda x: x[-1:].mul_(0),
        lambda x: x.data.zero_(),
        lambda x: x.numpy().fill(7),
        lambda x: x.resize_(3),
        _exchange,
    ],
    ids=["add", "last", "data", "numpy", "resize", "exchange"],
)
@pytest.mark.parametrize("inference", [False, True])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.int64])
def test_every_change_is_seen(
    change: Callable[[Tensor], object], inference: bool, dtype: torch.dtype
) -> None:
    with torch.inference_mode(inference):
        x = torch.arange(1, 1006).to(dtype)
        mark = TensorMark.of(x)
        assert TensorMark.of(x) == mark
        change(x)
    assert TensorMark.of(x) != mark


@given(st.integers(0, _LONG - 1), st.integers(0, 7))
def test_a_single_bit_of_a_long_tensor_is_seen(place: int, bit: int) -> None:
    x = torch.zeros(_LONG, dtype=torch.uint8)
    mark = TensorMark.of(x)
    x[place] = 1 << bit
    assert TensorMark.of(x) != mark
    x[place] = 0
    assert TensorMark.of(x) == mark


def test_the_layout_in_memory_is_no_content() -> None:
    x = torch.rand(2, 3, 5, 7)
    assert TensorMark.of(x) == TensorMark.of(x.to(memory_format=torch.channels_last))
    assert TensorMark.of(x[1]) == TensorMark.of(x[1].clone())
    assert TensorMark.of(torch.zeros(())) == TensorMark.of(torch.tensor(0.0))
    assert TensorMark.of(torch.empty(0)) == TensorMark.of(torch.empty(0))


@dataclass
class Pair:
    left: Tensor
    right: tuple[Tensor | None, float]


def test_values_are_looked_through_for_tensors() -> None:
    pair = Pair(torch.zeros(3), (torch.ones(2), 4.0))
    marked = Marked.of([pair])
    assert marked.is_unchanged()
    assert pair.right[0] is not None
    pair.right[0][1] = 5
    assert not marked.is_unchanged()
