"""The convolutional conditional variational autoencoder (after Sohn et al. 2015).

The ReGene paper names it in its Table 4 and prints no recipe: networks and lengths are those of
``vae``. What no source has, at the preset ``paper`` either, is that the divergence begins with a
weight of 30 which falls to 1 (``kl_start=1`` leaves it out): codes are then used from the start.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.common.image_kinds import is_small
from regene_bench_plugins.methods.vae.build import conditional_network
from regene_bench_plugins.methods.vae.config import PixelConfig
from regene_bench_plugins.methods.vae.model import ConditionalModel
from regene_bench_plugins.methods.vae.network import GaussianHeads
from regene_bench_plugins.methods.vae.objectives import DecayingKLObjective
from regene_bench_plugins.methods.vae.presets import network_preset, pixel_preset
from regene_bench_plugins.methods.vae.recogniser import RecogniserConfig, fit_recogniser
from regene_bench_plugins.methods.vae.training import fit_autoencoder


class CCVAEConfig(RecogniserConfig, PixelConfig):
    """Networks, pixels, and the recogniser.

    Attributes:
        kl_start: Factor on the divergence at the start, which falls to 1 over 0.3 of training.
    """

    kl_start: float = Field(default=30.0, ge=1)


class CCVAE(Method):
    """Label planes beside the image, one-hot beside z, one standard normal for all classes.

    ``cvae`` differs in its prior, a Gaussian for each class that is learned with the networks, and
    in that its recogniser is trained in the same steps; this is the plain form, which shows what
    that prior is good for.
    """

    version = "2"
    Config = CCVAEConfig
    config: CCVAEConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """Networks and lengths of ``vae``."""
        values = network_preset(preset, shape) | pixel_preset(shape)
        if preset == "quick":
            values |= {"recogniser_images": 20_000 if is_small(shape) else 40_000}
        return values

    def fit(self, data: BenchmarkData, runtime: Runtime) -> ConditionalModel:
        """Train on ``data.train``, then the recogniser."""
        config = self.config
        with runtime.seeded("init"):
            network = conditional_network(config, data.shape, GaussianHeads)
            objective = DecayingKLObjective(pixels := config.pixels(), config.kl_start)
        plan = config.plan(len(data.train))
        fit_autoencoder("ccvae", network, objective, plan, data.train, runtime)
        return ConditionalModel(network, fit_recogniser(config, data, runtime), pixels)
