"""Whether tensors still hold what they held: a checksum that sees every change of a value or place.

torch counts in-place changes (``Tensor._version``), but the counter misses what goes through
``.numpy()`` or ``.data``, and tensors of ``inference_mode`` have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
_CHUNK_WORDS = 1 << 18
_WORD = 8


@dataclass(frozen=True)
class TensorMark:
    """What a tensor held when it was marked: shape, type, and a checksum of its bytes."""

    shape: torch.Size
    dtype: torch.dtype
    checksum: int

    @classmethod
    def of(cls, tensor: Tensor) -> TensorMark:
        """Mark a tensor of any type, on any device; it is read once."""
        return cls(tensor.shape, tensor.dtype, _checksum(tensor))


@dataclass(frozen=True)
class Marked(Generic[T]):
    """A value that is shared, with the marks of the tensors in it.

    Attributes:
        value: A tensor, or dataclasses, tuples and lists of such; all else in it is not looked at.
        marks: One a tensor.
    """

    value: T
    marks: tuple[TensorMark, ...]

    @classmethod
    def of(cls, value: T) -> Marked[T]:
        return cls(value, tuple(map(TensorMark.of, _tensors_in(value))))

    def is_unchanged(self) -> bool:
        """Tell whether all tensors hold what they held."""
        return self.marks == tuple(map(TensorMark.of, _tensors_in(self.value)))


def _tensors_in(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _tensors_in(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _tensors_in(getattr(value, field.name))


@torch.no_grad()
def _checksum(tensor: Tensor) -> int:
    """Sum the bytes as 64-bit words, each weighted by its place, modulo 2^64.

    Weights are odd, so that one word cannot change without the sum; they differ, so that two words
    cannot be exchanged.
    """
    content = tensor.detach().contiguous().flatten().view(torch.uint8)
    device = tensor.device
    n = min(_CHUNK_WORDS, -(-len(content) // _WORD))
    weights = 1 + 2 * torch.arange(n, device=device, dtype=torch.int64)
    words = torch.zeros(n, device=device, dtype=torch.int64)
    total = torch.zeros((), device=device, dtype=torch.int64)
    size = max(1, n * _WORD)
    for number, start in enumerate(range(0, len(content), size)):
        part = content[start : start + size]
        if len(part) < size:
            words.zero_()
        words.view(torch.uint8)[: len(part)] = part
        total += (words * weights).sum() * (2 * number + 1)
    return int(total)
