"""What the configurations of all autoencoders that generate have in common."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from regene_bench.api import ImageShape, TrainingLength
from regene_bench_plugins.methods.vae.pixels import BernoulliPixels, GaussianPixels, Pixels
from regene_bench_plugins.methods.vae.training import Plan, halving
from regene_bench_plugins.networks.description import Description, blocks_for, tapered


class NetworkConfig(TrainingLength):
    """Sizes of an encoder and a decoder, batch and rate.

    Attributes:
        latent_dim: Length of z.
        blocks: Blocks of both networks; ``None`` for as many as bring the shorter side to 3–5
            pixels.
        encoder_width: Channels of the encoder's innermost block; they halve towards the image.
        encoder_narrowest: Where they stop halving.
        decoder_width: Likewise for the decoder.
        decoder_narrowest: Likewise.
        convolutions: Convolutions a block, in both.
        batch_size: Images a step.
        learning_rate: Adam's; peak of the one-cycle schedule.
        halved_every: Epochs after which the rate is halved, again and again, in place of the
            one-cycle schedule.
    """

    latent_dim: int = Field(default=32, ge=1, le=4096)
    blocks: int | None = Field(default=None, ge=1, le=10)
    encoder_width: int = Field(default=256, ge=1, le=4096)
    encoder_narrowest: int = Field(default=64, ge=1, le=4096)
    decoder_width: int = Field(default=256, ge=1, le=4096)
    decoder_narrowest: int = Field(default=64, ge=1, le=4096)
    convolutions: int = Field(default=1, ge=1, le=8)
    batch_size: int = Field(default=128, ge=2)
    learning_rate: float = Field(default=1e-3, gt=0)
    halved_every: float | None = Field(default=None, gt=0)

    def encoder_description(self, shape: ImageShape) -> Description:
        """The encoder for images of this shape."""
        return self.description(shape, self.encoder_width, self.encoder_narrowest)

    def decoder_description(self, shape: ImageShape) -> Description:
        """The decoder for images of this shape."""
        return self.description(shape, self.decoder_width, self.decoder_narrowest)

    def plan(self, n_train: int) -> Plan:
        """Length and rate on a training split of ``n_train``."""
        total, schedule = self.total_images(n_train), halving(self.halved_every)
        return Plan(total, self.batch_size, self.learning_rate, schedule)

    def description(self, shape: ImageShape, width: int, narrowest: int) -> Description:
        """A network as deep as these, of other widths."""
        blocks = blocks_for(shape.height, shape.width) if self.blocks is None else self.blocks
        return tapered(blocks, width, narrowest, self.convolutions)


class PixelConfig(NetworkConfig):
    """Networks, and what a pixel is given z.

    Attributes:
        reconstruction: ``mse``, Gaussian pixels, or ``bce``, Bernoulli ones (binary cross-entropy).
        sigma: Standard deviation of the pixels given z, for ``mse``.
    """

    reconstruction: Literal["mse", "bce"] = "mse"
    sigma: float = Field(default=1.0, gt=0)

    def pixels(self) -> Pixels:
        """p(x | z)."""
        return BernoulliPixels() if self.reconstruction == "bce" else GaussianPixels(self.sigma)
