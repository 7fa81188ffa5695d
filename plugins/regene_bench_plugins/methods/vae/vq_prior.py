"""The prior of a VQ-VAE: which code comes next, given the class and the codes before it.

Van den Oord et al. 2017 take a PixelCNN. This is a causal transformer in its place: it remembers
what it has computed of earlier positions, so a map of P codes costs P steps of one position each,
where a convolutional one is evaluated over the whole map P times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_INITIAL = 0.2
_HIDDEN = 4


class CodePrior(nn.Module):
    """p(codes | class), one code after another in raster order.

    Each position is given the code before it, those above it and to either side of that, the class,
    and where it is; attention adds all that is farther away.

    Args:
        n_codes: K.
        n_classes: Number of classes.
        map_size: Height and width of the map; P is their product.
        width: Length of a position's vector.
        layers: How many blocks.
        heads: Heads of attention; divides ``width``.
        dropout: In each block.
    """

    def __init__(
        self,
        n_codes: int,
        n_classes: int,
        map_size: tuple[int, int],
        *,
        width: int,
        layers: int,
        heads: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.n_codes, self.map_size = n_codes, map_size
        self.positions = map_size[0] * map_size[1]
        earlier = torch.tensor([_earlier(p, map_size) for p in range(self.positions)])
        self.register_buffer("earlier", earlier, persistent=False)
        # Code K stands for "beyond the border".
        self.codes = nn.ModuleList(
            nn.Embedding(n_codes + 1, width) for _ in range(earlier.shape[1])
        )
        self.label = nn.Embedding(n_classes, width)
        self.place = nn.Parameter(torch.zeros(self.positions, width))
        self.blocks = nn.ModuleList(CausalBlock(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, n_codes)
        for embedding in (*self.codes, self.label):
            nn.init.normal_(cast("nn.Embedding", embedding).weight, std=_INITIAL)

    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Logits of every position's code given the earlier ones.

        Args:
            codes: int64 ``[N, P]``.
            labels: int64 ``[N]``.

        Returns:
            float32 ``[N, P, K]``.
        """
        features = self._inputs(self._padded(codes), labels, slice(None))
        for block in self.blocks:
            features = block(features)
        return cast("Tensor", self.head(self.norm(features))).float()

    @torch.inference_mode()
    def draw(self, labels: Tensor, noise: Tensor) -> Tensor:
        """Draw a map for each label by inverting the distribution functions at ``noise``.

        Args:
            labels: int64 ``[N]``.
            noise: Uniform in [0, 1), ``[N, P]``.

        Returns:
            int64 ``[N, P]``.
        """
        n = len(labels)
        blocks = cast("Sequence[CausalBlock]", self.blocks)
        caches = [block.empty_cache(n, self.positions) for block in blocks]
        padded = self._padded(labels.new_zeros(n, self.positions))
        for position in range(self.positions):
            features = self._inputs(padded, labels, slice(position, position + 1))
            for block, cache in zip(blocks, caches, strict=True):
                features = block.step(features, cache, position)
            logits = self.head(self.norm(features[:, 0])).float()
            padded[:, position] = invert_cdf(logits, noise[:, position])
        return padded[:, :-1]

    def _padded(self, codes: Tensor) -> Tensor:
        """Append the code that stands for what lies beyond the border: ``[N, P + 1]``."""
        return torch.cat([codes, codes.new_full((len(codes), 1), self.n_codes)], dim=1)

    def _inputs(self, padded: Tensor, labels: Tensor, where: slice) -> Tensor:
        """What some positions are given, ``[N, positions, width]``."""
        earlier = cast("Tensor", self.earlier)[where]
        features = self.label(labels)[:, None] + self.place[where]
        for neighbour, embedding in enumerate(self.codes):
            features = features + embedding(padded[:, earlier[:, neighbour]])
        return cast("Tensor", features)


def invert_cdf(logits: Tensor, noise: Tensor) -> Tensor:
    """The code at which the distribution function passes ``noise``.

    Args:
        logits: ``[N, K]``.
        noise: Uniform in [0, 1), ``[N]``.

    Returns:
        int64 ``[N]``, distributed as softmax of the logits if the noise is uniform.
    """
    function = logits.double().softmax(1).cumsum(1)
    # Sums of K rounded numbers may end below 1.
    return (function <= noise[:, None]).sum(1).clamp(max=logits.shape[1] - 1)


def _earlier(position: int, map_size: tuple[int, int]) -> list[int]:
    """Positions before in raster order, above left, above and above right; P where there is none.

    The one before is the one to the left but in a row's first place: were it left out there, the
    last code of a row would be unknown to the first places of the next.
    """
    height, width = map_size
    row, column = divmod(position, width)
    beyond = height * width
    above = [
        (row - 1) * width + near if row > 0 and 0 <= near < width else beyond
        for near in (column - 1, column, column + 1)
    ]
    return [position - 1 if position else beyond, *above]


class KeyValueCache:
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

    def empty_cache(self, n: int, positions: int) -> KeyValueCache:
        """An empty cache for ``n`` sequences of ``positions`` positions."""
        return KeyValueCache(n, self._heads, positions, self._size, self.joined.weight)

    def step(self, inputs: Tensor, cache: KeyValueCache, position: int) -> Tensor:
        """Map one position's ``[N, 1, width]`` to the same, and add it to the cache."""
        queries, keys, values = self._projected(inputs)
        cache.keys[:, :, position] = keys[:, :, 0]
        cache.values[:, :, position] = values[:, :, 0]
        done = position + 1
        seen = F.scaled_dot_product_attention(
            queries, cache.keys[:, :, :done], cache.values[:, :, :done]
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
