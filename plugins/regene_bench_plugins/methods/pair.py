"""Configuration of the encoder and decoder that ``regene`` and ``autoencoder`` have in common."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from regene_bench.api import ImageShape, MethodConfig, Preset
from regene_bench_plugins.methods.presets import is_small
from regene_bench_plugins.networks.description import Description, blocks_for, tapered

# Weight of the excess of the pixel logits in both losses: far too small to move a pixel that has a
# gradient of its own.
SATURATION = 0.01


class PairConfig(MethodConfig):
    """Widths and depths of an encoder and a decoder.

    Attributes:
        blocks: Blocks of both networks; ``None`` for as many as bring the shorter side to 3–5
            pixels.
        encoder_width: Channels of the encoder's innermost block; they halve towards the image.
        encoder_narrowest: Where they stop halving.
        encoder_convolutions: Convolutions a block.
        encoder_ends: Convolutions that the first and the last block have beyond that.
        decoder_width: Likewise for the decoder.
        decoder_narrowest: Likewise.
        decoder_convolutions: Likewise.
        n_combined: Latents in a convex combination.
    """

    blocks: int | None = Field(default=None, ge=1, le=10)
    encoder_width: int = Field(default=128, ge=1, le=4096)
    encoder_narrowest: int = Field(default=64, ge=1, le=4096)
    encoder_convolutions: int = Field(default=1, ge=1, le=8)
    encoder_ends: int = Field(default=1, ge=0, le=8)
    decoder_width: int = Field(default=256, ge=1, le=4096)
    decoder_narrowest: int = Field(default=64, ge=1, le=4096)
    decoder_convolutions: int = Field(default=2, ge=1, le=8)
    n_combined: int = Field(default=2, ge=2)

    def encoder_description(self, shape: ImageShape) -> Description:
        """The encoder for images of this shape."""
        return tapered(
            self._blocks(shape),
            self.encoder_width,
            self.encoder_narrowest,
            self.encoder_convolutions,
            ends=self.encoder_ends,
        )

    def decoder_description(self, shape: ImageShape) -> Description:
        """The decoder for images of this shape."""
        return tapered(
            self._blocks(shape),
            self.decoder_width,
            self.decoder_narrowest,
            self.decoder_convolutions,
        )

    def _blocks(self, shape: ImageShape) -> int:
        return blocks_for(shape.height, shape.width) if self.blocks is None else self.blocks


def pair_preset(preset: Preset, shape: ImageShape) -> dict[str, Any]:
    """Widths of a preset; ``paper`` is tables A.5–A.7 of Gopalakrishnan et al. 2022."""
    if preset == "quick":
        small = is_small(shape)
        return {
            "encoder_width": 64 if small else 128,
            "encoder_narrowest": 32,
            "encoder_ends": 0,
            "decoder_width": 64 if small else 256,
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
        "decoder_width": 512,
        "decoder_narrowest": 256,
        "decoder_convolutions": 3,
    }
