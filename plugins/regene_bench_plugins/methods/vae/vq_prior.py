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

from regene_bench_plugins.methods.vae.vq_attention import CausalBlock

_INITIAL = 0.2


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
        memories = [block.memory(n, self.positions) for block in blocks]
        padded = self._padded(labels.new_zeros(n, self.positions))
        for position in range(self.positions):
            features = self._inputs(padded, labels, slice(position, position + 1))
            for block, memory in zip(blocks, memories, strict=True):
                features = block.step(features, memory, position)
            logits = self.head(self.norm(features[:, 0])).float()
            padded[:, position] = invert(logits, noise[:, position])
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


def invert(logits: Tensor, noise: Tensor) -> Tensor:
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
