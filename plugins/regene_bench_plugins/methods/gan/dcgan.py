"""DCGAN (Radford et al. 2015).

``paper`` has its noise, rates, batch, slopes and initialisation. Departures: the source has no
labels for its generator, so that the conditional form is ours, with labels beside noise and image;
images are in [0, 1] behind a sigmoid, where the source has [−1, 1] behind tanh; the narrowest
layers have 64 channels and their number follows the images' size; 25 epochs on grey images and 100
in colour are ours, since it prints none for images so small.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from torch import nn

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.common.image_kinds import is_colour
from regene_bench_plugins.methods.gan.config import GANConfig, code_input, image_input
from regene_bench_plugins.methods.gan.losses import NonSaturating
from regene_bench_plugins.methods.gan.model import GANModel
from regene_bench_plugins.methods.gan.noise import Uniform
from regene_bench_plugins.methods.gan.presets import quick_images, quick_rates
from regene_bench_plugins.methods.gan.training import GANSetup, train_gan
from regene_bench_plugins.networks.heads import LinearHead
from regene_bench_plugins.networks.strided import (
    Discriminator,
    StridedFeatures,
    TransposedGenerator,
    dcgan_init,
    doubling_widths,
    halvings_to,
)

_INNERMOST_SIDE = 4


class DCGANConfig(GANConfig):
    """Sizes of the networks.

    Attributes:
        noise_dim: Length of the noise, which is uniform in [−1, 1].
        width: Channels next to the image, of both networks; they double inwards, up to 8 times.
        blocks: Stride-2 layers of both networks; ``None`` for as many as leave about 4 pixels.
    """

    noise_dim: int = Field(default=100, ge=0, le=4096)
    width: int = Field(default=64, ge=1, le=4096)
    blocks: int | None = Field(default=None, ge=1, le=10)

    def widths(self, shape: ImageShape) -> tuple[int, ...]:
        """Channels of the blocks from the image inwards."""
        return doubling_widths(self.width, self.blocks or halvings_to(_INNERMOST_SIDE, shape))


class DCGAN(Method):
    """4×4 convolutions of stride 2 with batch norm; labels beside the noise and the image."""

    version = "2"
    Config = DCGANConfig
    config: DCGANConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: its widths, rates and batch; 25 epochs on grey images and 100 in colour."""
        if preset == "quick":
            return {"images": quick_images(shape), "width": 32} | quick_rates(shape)
        if preset == "standard":
            return {"images": 1_500_000}
        return {"epochs": 100 if is_colour(shape) else 25, "batch_size": 128, "average": 0.0}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GANModel:
        """Train both networks."""
        config, shape = self.config, data.shape
        widths = config.widths(shape)
        with runtime.seeded("init"):
            entrance = image_input(config, shape)
            features = StridedFeatures(shape, widths, code=entrance.code, norm=nn.BatchNorm2d)
            discriminator = Discriminator(entrance, features, LinearHead(features.size))
            discriminator.apply(dcgan_init)
            setup = GANSetup(
                generator=TransposedGenerator(shape, code_input(config, shape), widths),
                discriminator=discriminator,
                loss=NonSaturating(),
                noise=Uniform(config.noise_dim),
            )
        return train_gan("dcgan", setup, config, data, runtime)
