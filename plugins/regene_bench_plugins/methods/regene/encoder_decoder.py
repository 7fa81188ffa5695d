"""Sizes of the encoder and the decoder, and where latents come from.

This part of the configuration is common to ``regene`` and ``autoencoder``.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from regene_bench.api import ImageShape, Preset
from regene_bench_plugins.methods.common.image_kinds import is_cifar_like, is_colour, is_small
from regene_bench_plugins.methods.regene.convex import ConvexWeights
from regene_bench_plugins.methods.regene.densities import DENSITY_PARAMS, LatentDensityConfig
from regene_bench_plugins.networks.block_description import (
    BlockDescription,
    blocks_for,
    grow_innermost_map,
    tapered_blocks,
)

# Fields of `EncoderDecoderConfig` that say where latents come from once the networks are trained.
LATENT_PARAMS = DENSITY_PARAMS | {"n_combined", "ratios", "dirichlet"}


class EncoderDecoderConfig(LatentDensityConfig):
    """Widths and depths of an encoder and a decoder, and where latents come from.

    Attributes:
        blocks: Blocks of both networks; ``None`` for as many as bring the shorter side to 3–5
            pixels.
        encoder_width: Channels of the encoder's innermost block; they halve towards the image.
        encoder_narrowest: Where they stop halving.
        encoder_convolutions: Convolutions a block.
        encoder_ends: Convolutions that the first and the last block have beyond that.
        encoder_kernels: Sides of the innermost block's kernels, in order; 3 where they end.
        decoder_width: Likewise for the decoder.
        decoder_narrowest: Likewise.
        decoder_convolutions: Likewise.
        decoder_growth: How the decoder leaves its innermost map where the next one is not twice as
            large: ``resize`` to the size of the next, or ``convolve``, by transposed convolutions
            without padding.
        saturation: Weight of the excess of pixel logits over 8, in the loss of the decoder. It
            opens sigmoids that are shut, and is far too small to move a pixel with a gradient of
            its own; papers have no such term.
        n_combined: Latents in a convex combination (``sampler=convex``).
        ratios: Their shares, which must sum to 1; equal ones if empty.
        dirichlet: Concentration α of shares that are drawn for each combination; ``None`` for the
            fixed ones of ``ratios``.
    """

    blocks: int | None = Field(default=None, ge=1, le=10)
    encoder_width: int = Field(default=128, ge=1, le=4096)
    encoder_narrowest: int = Field(default=64, ge=1, le=4096)
    encoder_convolutions: int = Field(default=1, ge=1, le=8)
    encoder_ends: int = Field(default=1, ge=0, le=8)
    encoder_kernels: tuple[Annotated[int, Field(ge=1, le=31)], ...] = ()
    decoder_width: int = Field(default=256, ge=1, le=4096)
    decoder_narrowest: int = Field(default=64, ge=1, le=4096)
    decoder_convolutions: int = Field(default=2, ge=1, le=8)
    decoder_growth: Literal["resize", "convolve"] = "resize"
    saturation: float = Field(default=0.01, ge=0)
    n_combined: int = Field(default=2, ge=2)
    ratios: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    dirichlet: float | None = Field(default=None, gt=0)

    @field_validator("encoder_kernels")
    @classmethod
    def _are_odd(cls, sides: tuple[int, ...]) -> tuple[int, ...]:
        if any(side % 2 == 0 for side in sides):
            raise ValueError("the sides of kernels must be odd")
        return sides

    @model_validator(mode="after")
    def _ratios_fit(self) -> Self:
        if not self.ratios:
            return self
        if self.dirichlet is not None:
            raise ValueError("ratios are given or drawn (dirichlet), not both")
        if len(self.ratios) != self.n_combined:
            raise ValueError(
                f"{len(self.ratios)} ratios for combinations of n_combined = {self.n_combined}"
            )
        if not math.isclose(sum(self.ratios), 1.0, abs_tol=1e-6):
            raise ValueError(f"ratios must sum to 1, not to {sum(self.ratios):g}")
        return self

    def encoder_description(self, shape: ImageShape) -> BlockDescription:
        """The encoder for images of this shape."""
        return tapered_blocks(
            self._blocks(shape),
            self.encoder_width,
            self.encoder_narrowest,
            self.encoder_convolutions,
            ends=self.encoder_ends,
            inner_kernels=self.encoder_kernels,
        )

    def decoder_description(self, shape: ImageShape) -> BlockDescription:
        """The decoder for images of this shape."""
        description = tapered_blocks(
            self._blocks(shape),
            self.decoder_width,
            self.decoder_narrowest,
            self.decoder_convolutions,
        )
        if self.decoder_growth == "resize":
            return description
        return grow_innermost_map(description, shape.height, shape.width)

    @property
    def convex_weights(self) -> ConvexWeights:
        """How latents are combined."""
        ratios = self.ratios or (1 / self.n_combined,) * self.n_combined
        return ConvexWeights(ratios, self.dirichlet)

    def _blocks(self, shape: ImageShape) -> int:
        return blocks_for(shape.height, shape.width) if self.blocks is None else self.blocks


def encoder_decoder_preset(preset: Preset, shape: ImageShape) -> dict[str, Any]:
    """Networks of a preset; ``paper`` is tables A.5–A.7 of Gopalakrishnan et al. 2022."""
    if preset == "quick":
        small = is_small(shape)
        return {
            "encoder_width": 64 if small else 128,
            "encoder_narrowest": 32,
            "encoder_ends": 0,
            "decoder_width": 64 if small else 128 if is_colour(shape) else 256,
            "decoder_narrowest": 32,
            "decoder_convolutions": 1,
        }
    if preset == "standard":
        return {
            "encoder_width": 128,
            "encoder_narrowest": 64,
            "encoder_ends": 1,
            "decoder_width": 384,
            "decoder_narrowest": 64,
            "decoder_convolutions": 2,
        }
    return {
        "encoder_width": 128,
        "encoder_narrowest": 128,
        "encoder_ends": 1,
        # Table A.7, unlike A.5 and A.6, has kernels that are larger than the map they see.
        "encoder_kernels": (9, 11) if is_cifar_like(shape) else (),
        "decoder_width": 512,
        "decoder_narrowest": 256,
        "decoder_convolutions": 3,
        "decoder_growth": "convolve",
        "saturation": 0.0,
    }
