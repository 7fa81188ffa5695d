"""Causal self-attention that can be evaluated all at once or position by position."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

_HIDDEN = 4


class Memory:
    """Keys and values of the positions that are done, ``[N, heads, P, width / heads]`` each."""

    def __init__(self, n: int, heads: int, positions: int, size: int, like: Tensor) -> None:
        self.keys = like.new_empty(n, heads, positions, size)
        self.values = like.new_empty(n, heads, positions, size)


class CausalBlock(nn.Module):
    """Attention to this and earlier positions, then a perceptron, each added to its input.

    Layer normalisation comes first in either (Radford et al. 2019).

    Args:
        width: Length of a position's vector.
        heads: Divides ``width``.
        dropout: Of what is added.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self._heads, self._size = heads, width // heads
        self.before_attention = nn.LayerNorm(width)
        self.projections = nn.Linear(width, 3 * width)
        self.joined = nn.Linear(width, width)
        self.before_perceptron = nn.LayerNorm(width)
        self.perceptron = nn.Sequential(
            nn.Linear(width, _HIDDEN * width), nn.ReLU(), nn.Linear(_HIDDEN * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map ``[N, P, width]`` to the same; position p sees positions up to p."""
        queries, keys, values = self._projected(inputs)
        seen = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        return self._finish(inputs, seen)

    def memory(self, n: int, positions: int) -> Memory:
        """An empty memory for ``n`` sequences."""
        return Memory(n, self._heads, positions, self._size, self.joined.weight)

    def step(self, inputs: Tensor, memory: Memory, position: int) -> Tensor:
        """Map one position's ``[N, 1, width]`` to the same, and remember it."""
        queries, keys, values = self._projected(inputs)
        memory.keys[:, :, position] = keys[:, :, 0]
        memory.values[:, :, position] = values[:, :, 0]
        done = position + 1
        seen = F.scaled_dot_product_attention(
            queries, memory.keys[:, :, :done], memory.values[:, :, :done]
        )
        return self._finish(inputs, seen)

    def _projected(self, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, ``[N, heads, P, width / heads]`` each."""
        n, positions, _ = inputs.shape
        projected = self.projections(self.before_attention(inputs))
        parts = projected.view(n, positions, 3, self._heads, self._size).permute(2, 0, 3, 1, 4)
        return cast("tuple[Tensor, Tensor, Tensor]", parts.unbind(0))

    def _finish(self, inputs: Tensor, seen: Tensor) -> Tensor:
        joined = self.joined(seen.transpose(1, 2).flatten(2))
        features = inputs + self.dropout(joined)
        change = self.perceptron(self.before_perceptron(features))
        return cast("Tensor", features + self.dropout(change))
