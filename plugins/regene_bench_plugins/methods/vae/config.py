"""What the configurations of all autoencoders that generate have in common.

A method's configuration inherits the parts that it needs: sizes of networks, the density of pixels,
the sampler of codes.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from regene_bench.api import ImageShape, TrainingLength, images_to_see
from regene_bench_plugins.methods.common.flow import FLOW_PARAMS, FlowConfig
from regene_bench_plugins.methods.vae.pixels import BernoulliPixels, GaussianPixels, Pixels
from regene_bench_plugins.methods.vae.training import Plan, rate_schedule
from regene_bench_plugins.networks.block_description import (
    BlockDescription,
    blocks_for,
    tapered_blocks,
)

SamplerName = Literal["normal", "gaussian", "mixture", "second_stage", "flow"]

# For ``Method.sampling_params``: they say which density is fitted to a trained network's codes. The
# sizes of a second stage are not among them: its checkpoint's name does not tell them, as a flow's
# does.
SAMPLER_PARAMS = FLOW_PARAMS | {"conditional", "sampler", "components", "sampler_images"}


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
        learning_rate: Adam's; its peak with ``one_cycle``.
        one_cycle: Whether the rate rises and falls once; otherwise it is constant.
        halved_every: Epochs after which the rate is halved, again and again, in place of either.
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
    one_cycle: bool = True
    halved_every: float | None = Field(default=None, gt=0)

    def encoder_description(self, shape: ImageShape) -> BlockDescription:
        """The encoder for images of this shape."""
        return self.description(shape, self.encoder_width, self.encoder_narrowest)

    def decoder_description(self, shape: ImageShape) -> BlockDescription:
        """The decoder for images of this shape."""
        return self.description(shape, self.decoder_width, self.decoder_narrowest)

    def plan(self, n_train: int) -> Plan:
        """Length and rate on a training split of ``n_train``."""
        schedule = rate_schedule(self.halved_every, self.one_cycle)
        return Plan(self.total_images(n_train), self.batch_size, self.learning_rate, schedule)

    def description(self, shape: ImageShape, width: int, narrowest: int) -> BlockDescription:
        """Blocks as many as those of both networks, of other widths."""
        blocks = blocks_for(shape.height, shape.width) if self.blocks is None else self.blocks
        return tapered_blocks(blocks, width, narrowest, self.convolutions)


class PixelBiasConfig(NetworkConfig):
    """Networks whose decoder may start at the mean image.

    Attributes:
        pixel_bias: Whether the decoder has a bias for each pixel, which starts at the logit of the
            training images' mean; no paper's network has one.
    """

    pixel_bias: bool = False


class PixelConfig(NetworkConfig):
    """Networks, and what a pixel is given z.

    Attributes:
        reconstruction: ``mse``, Gaussian pixels, or ``bce``, Bernoulli ones (binary cross-entropy).
        sigma: Standard deviation of the pixels given z, for ``mse``.
    """

    reconstruction: Literal["mse", "bce"] = "mse"
    sigma: float = Field(default=1.0, gt=0)

    def pixels(self) -> Pixels:
        """The density of the pixels given z, p(x | z)."""
        return BernoulliPixels() if self.reconstruction == "bce" else GaussianPixels(self.sigma)


class SamplerConfig(FlowConfig):
    """The density that codes are drawn from, for networks that see no labels.

    Attributes:
        conditional: One density for each class; without it samples have no class.
        sampler: ``normal``, the standard normal; ``gaussian`` or ``mixture``, fitted to posterior
            means of training images once all else is trained; ``second_stage``, a VAE of the codes;
            ``flow``, a normalising flow of the posterior means. ``None`` for ``mixture`` where
            classes are asked for and ``normal`` where they are not.
        components: Gaussians of a mixture, fewer where a class has too few images for them.
            ``None`` for 2 where each class has a mixture and 10 where there is one for all.
        sampler_images: Training images whose codes Gaussians are fitted to, at most.
        second_images: Codes that the second stage sees, repetitions counted.
        second_epochs: Passes of it over the training split; wins over ``second_images``.
        second_width: Units of each of its layers.
        second_depth: Hidden layers of each of its networks.
        second_batch_size: Codes a step.
        second_learning_rate: Adam's; peak of the one-cycle schedule.
        second_halved_every: Epochs after which it is halved, again and again, in place of that.
        gamma_rate: Factor on the rate of a learned standard deviation γ.
    """

    conditional: bool = True
    sampler: SamplerName | None = None
    components: int | None = Field(default=10, ge=1, le=1000)
    sampler_images: int = Field(default=20_000, ge=1)
    second_images: int = Field(default=1_000_000, ge=1)
    second_epochs: float | None = Field(default=None, gt=0)
    second_width: int = Field(default=512, ge=1, le=16384)
    second_depth: int = Field(default=3, ge=1, le=20)
    second_batch_size: int = Field(default=128, ge=2)
    second_learning_rate: float = Field(default=1e-3, gt=0)
    second_halved_every: float | None = Field(default=None, gt=0)
    gamma_rate: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _knows_classes(self) -> Self:
        if self.conditional and self.sampler == "normal":
            raise ValueError(
                "the standard normal knows no classes: set conditional=false or another sampler"
            )
        return self

    @property
    def chosen_sampler(self) -> SamplerName:
        """The sampler, chosen where it was left open."""
        if self.sampler is not None:
            return self.sampler
        return "mixture" if self.conditional else "normal"

    @property
    def mixture_components(self) -> int:
        """Gaussians of a mixture, chosen where their number was left open."""
        if self.components is not None:
            return self.components
        return 2 if self.conditional else 10

    def second_plan(self, n_train: int) -> Plan:
        """Length and rate of the second stage on a training split of ``n_train``."""
        total = images_to_see(self.second_images, self.second_epochs, n_train)
        schedule = rate_schedule(self.second_halved_every, one_cycle=True)
        rate = self.second_learning_rate
        return Plan(total, self.second_batch_size, rate, schedule, self.gamma_rate)
