"""The non-saturating GAN (Goodfellow et al. 2014), on the networks of Lucic et al. 2018.

``paper`` has the epochs and the batch of Lucic et al. Departures: they draw rates and the like a
hundred times for each data set and report the best, where the rates here are one choice; labels,
which they have none of, are beside noise and image.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.common.image_kinds import is_colour
from regene_bench_plugins.methods.gan.infogan_networks import InfoGANNetworksConfig, infogan_setup
from regene_bench_plugins.methods.gan.losses import NonSaturating
from regene_bench_plugins.methods.gan.model import GANModel
from regene_bench_plugins.methods.gan.presets import quick_images, quick_rates
from regene_bench_plugins.methods.gan.training import train_gan


class NSGANConfig(InfoGANNetworksConfig):
    """The networks' sizes and the recipe's rates."""

    generator_learning_rate: float = Field(default=5e-5, gt=0)
    discriminator_learning_rate: float = Field(default=5e-5, gt=0)
    beta1: float = Field(default=0.0, ge=0, lt=1)


class NSGAN(Method):
    """Logits and softplus; labels beside the noise and beside the image."""

    version = "2"
    Config = NSGANConfig
    config: NSGANConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: 20 epochs on grey images and 100 in colour, without an average."""
        if preset == "quick":
            small = {"images": quick_images(shape), "width": 32, "dense": 256, "beta1": 0.5}
            return small | quick_rates(shape)
        if preset == "standard":
            return {
                "images": 1_500_000,
                "generator_learning_rate": 2e-4,
                "discriminator_learning_rate": 2e-4,
                "beta1": 0.5,
            }
        return {"epochs": 100 if is_colour(shape) else 20, "average": 0.0}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GANModel:
        """Train both networks."""
        with runtime.seeded("init"):
            setup = infogan_setup(self.config, data.shape, NonSaturating())
        return train_gan("nsgan", setup, self.config, data, runtime)
