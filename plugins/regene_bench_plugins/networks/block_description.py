"""Descriptions of stacks of convolution blocks, from which encoders and decoders are built.

The networks of the ReGene paper are blocks of 3×3 convolutions at ever smaller sizes. One
description fits images of any size and serves an encoder and a decoder alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_SMALLEST_SIDE = 3
_KERNEL = 3


@dataclass(frozen=True)
class BlockDescription:
    """Blocks of convolutions on ever smaller images, listed from the image inwards.

    Attributes:
        widths: Channels of each block.
        convolutions: Convolutions in each block.
        inner_kernels: Sides of the innermost block's kernels, in order; 3 where they end.
        grown: Of a decoder: how many of the innermost block's convolutions enlarge their map by 2
            pixels along each side (transposed ones without padding).
    """

    widths: tuple[int, ...]
    convolutions: tuple[int, ...]
    inner_kernels: tuple[int, ...] = ()
    grown: int = 0

    def __post_init__(self) -> None:
        if not self.widths or len(self.widths) != len(self.convolutions):
            raise ValueError("a description needs as many widths as convolution counts, at least 1")
        if any(side % 2 == 0 for side in self.inner_kernels):
            raise ValueError("kernels need odd sides to keep the size of their map")
        if self.grown > self.convolutions[-1]:
            raise ValueError("more convolutions that enlarge the map than the block has")

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return len(self.widths)

    def kernels(self, block: int) -> tuple[int, ...]:
        """Sides of one block's kernels, in the order from the image inwards."""
        count = self.convolutions[block]
        first = self.inner_kernels if block == self.blocks - 1 else ()
        return (*first, *(_KERNEL,) * count)[:count]

    def inner_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the innermost map: an encoder's output, a decoder's input."""
        inner_height, inner_width = sizes(height, width, self.blocks)[-1]
        return inner_height - 2 * self.grown, inner_width - 2 * self.grown

    def latent_dim(self, height: int, width: int) -> int:
        """Size of an encoder's flattened output."""
        inner_height, inner_width = self.inner_size(height, width)
        return self.widths[-1] * inner_height * inner_width


def tapered_blocks(
    blocks: int,
    width: int,
    narrowest: int,
    convolutions: int = 1,
    *,
    ends: int = 0,
    inner_kernels: tuple[int, ...] = (),
) -> BlockDescription:
    """Describe blocks whose width halves towards the image, where pixels are many.

    ``narrowest=width`` gives blocks of one width; 512 and 256 over four blocks give the decoder
    of the ReGene paper's table A.7, over five that of table A.6.

    Args:
        blocks: How many.
        width: Channels of the innermost block.
        narrowest: Widths stop halving here.
        convolutions: Convolutions a block.
        ends: Convolutions that the first and the last block have beyond that.
        inner_kernels: As of ``BlockDescription``.
    """
    widths = tuple(
        max(width >> (blocks - 1 - block), min(narrowest, width)) for block in range(blocks)
    )
    counts = [convolutions] * blocks
    for end in {0, blocks - 1}:
        counts[end] += ends
    return BlockDescription(widths, tuple(counts), inner_kernels)


def grow_innermost_map(description: BlockDescription, height: int, width: int) -> BlockDescription:
    """Let convolutions enlarge a decoder's innermost map where doubling would miss the next size.

    Table A.5 of the ReGene paper comes from 3×3 to 7×7 in this way: one block of the innermost
    width whose first convolutions enlarge the map, in place of the two blocks at 3×3 and at 7×7.
    Descriptions for which that does not come out even stay as they are.

    Args:
        description: A decoder's.
        height: Of the image.
        width: Of the image.
    """
    if description.blocks < 2:
        return description
    *_, (outer_height, outer_width), (inner_height, inner_width) = sizes(
        height, width, description.blocks
    )
    missing = outer_height - inner_height
    if (
        (outer_height, outer_width) == (2 * inner_height, 2 * inner_width)
        or missing != outer_width - inner_width
        or missing % 2
        or missing // 2 > description.convolutions[-1]
    ):
        return description
    return replace(
        description,
        widths=(*description.widths[:-2], description.widths[-1]),
        convolutions=(*description.convolutions[:-2], description.convolutions[-1]),
        grown=missing // 2,
    )


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
