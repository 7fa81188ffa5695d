"""The least-squares GAN (Mao et al. 2017), on the networks of Lucic et al. 2018.

``paper`` has the epochs and the batch of Lucic et al. Departures: they draw rates and the like a
hundred times for each data set and report the best, where the rates here are one choice; labels,
which they have none of, are beside noise and image.
"""

from __future__ import annotations

from typing import Any

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.common.image_kinds import is_colour
from regene_bench_plugins.methods.gan.infogan_networks import InfoGANNetworksConfig, infogan_setup
from regene_bench_plugins.methods.gan.losses import LeastSquares
from regene_bench_plugins.methods.gan.model import GANModel
from regene_bench_plugins.methods.gan.presets import quick_images, quick_rates
from regene_bench_plugins.methods.gan.training import train_gan


class LSGAN(Method):
    """Squared distances from 1 and 0; labels beside the noise and beside the image."""

    version = "2"
    Config = InfoGANNetworksConfig
    config: InfoGANNetworksConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: 20 epochs on grey images and 100 in colour, without an average."""
        if preset == "quick":
            small = {"images": quick_images(shape), "width": 32, "dense": 256}
            return small | quick_rates(shape)
        if preset == "standard":
            return {"images": 1_500_000}
        return {"epochs": 100 if is_colour(shape) else 20, "average": 0.0}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GANModel:
        """Train both networks."""
        with runtime.seeded("init"):
            setup = infogan_setup(self.config, data.shape, LeastSquares())
        return train_gan("lsgan", setup, self.config, data, runtime)
