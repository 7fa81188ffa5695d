"""One description of a stack of convolution blocks, from which all networks are built."""

from __future__ import annotations

from dataclasses import dataclass

_SMALLEST_SIDE = 3


@dataclass(frozen=True)
class Description:
    """Blocks of convolutions on ever smaller images, listed from the image inwards.

    Attributes:
        widths: Channels of each block.
        convolutions: Convolutions in each block.
    """

    widths: tuple[int, ...]
    convolutions: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.widths or len(self.widths) != len(self.convolutions):
            raise ValueError("a description needs as many widths as convolution counts, at least 1")

    @property
    def blocks(self) -> int:
        return len(self.widths)


def tapered(
    blocks: int, width: int, narrowest: int, convolutions: int = 1, *, ends: int = 0
) -> Description:
    """Describe blocks whose width halves towards the image, where pixels are many.

    ``narrowest=width`` gives blocks of one width; 512 and 256 over four blocks give the decoders
    of the ReGene paper's tables A.5 and A.7.

    Args:
        blocks: How many.
        width: Channels of the innermost block.
        narrowest: Widths stop halving here.
        convolutions: Convolutions a block.
        ends: Convolutions that the first and the last block have beyond that.
    """
    widths = tuple(
        max(width >> (blocks - 1 - block), min(narrowest, width)) for block in range(blocks)
    )
    counts = [convolutions] * blocks
    for end in {0, blocks - 1}:
        counts[end] += ends
    return Description(widths, tuple(counts))


def blocks_for(height: int, width: int) -> int:
    """Blocks that bring the shorter side to 3–5 pixels: 4 for 28×28 and 32×32, 5 for 64×64."""
    side, blocks = min(height, width), 1
    while side // 2 >= _SMALLEST_SIDE:
        side, blocks = side // 2, blocks + 1
    return blocks


def sizes(height: int, width: int, blocks: int) -> tuple[tuple[int, int], ...]:
    """Height and width at each block, from the image inwards; halves are rounded down, to 1."""
    result = [(height, width)]
    for _ in range(blocks - 1):
        height, width = max(1, height // 2), max(1, width // 2)
        result.append((height, width))
    return tuple(result)
