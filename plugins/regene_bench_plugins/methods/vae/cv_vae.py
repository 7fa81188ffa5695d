"""The variational autoencoder of constant variance (Ghosh et al. 2020, section 3).

``paper`` follows the authors' code (``ghosh``): the squared error, weights of the divergence of
0.039, 9e-4 and 0.01, narrower networks for CelebA's kind. Departures are those that ``ghosh`` names
and classes by a density of codes for each. Their own numbers are of one Gaussian fitted to the
codes, with mean zero: ``conditional=false,sampler=gaussian``.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import Field

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.vae.build import unconditional_network
from regene_bench_plugins.methods.vae.config import SAMPLER_PARAMS
from regene_bench_plugins.methods.vae.ghosh import ghosh_pixels, ghosh_preset, of_kind
from regene_bench_plugins.methods.vae.model import VariationalModel
from regene_bench_plugins.methods.vae.network import ConstantVarianceHeads
from regene_bench_plugins.methods.vae.objectives import NegativeELBO
from regene_bench_plugins.methods.vae.presets import network_preset, pixel_preset, sampler_preset
from regene_bench_plugins.methods.vae.samplers import fit_sampler, require_sampler
from regene_bench_plugins.methods.vae.training import fit_autoencoder
from regene_bench_plugins.methods.vae.vae import VAEConfig

_KL_WEIGHTS = (0.0195 * 2, 9e-4, 0.01)


class CVVAEConfig(VAEConfig):
    """The encoder's spread.

    Attributes:
        code_sigma: Standard deviation of z given an image; 0.7 in the authors' experiments.
    """

    code_sigma: float = Field(default=0.7, gt=0)


class CVVAE(Method):
    """``vae`` with one standard deviation of z for all images and dimensions.

    Its divergence is ``½ ‖mean‖²`` and a constant.
    """

    version = "3"
    Config = CVVAEConfig
    config: CVVAEConfig
    sampling_params = SAMPLER_PARAMS

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: the authors', at 1e-4; shorter ones as of ``vae``."""
        if preset != "paper":
            return network_preset(preset, shape) | pixel_preset(shape) | sampler_preset(preset)
        settings = ghosh_preset(shape, epochs=(100, 70, 70), rates=(1e-4, 1e-4, 1e-4))
        if of_kind((False, False, True), shape):
            settings |= {"encoder_width": 512, "encoder_narrowest": 64, "decoder_narrowest": 64}
        return settings | ghosh_pixels(_KL_WEIGHTS, shape) | sampler_preset(preset)

    def fit(self, data: BenchmarkData, runtime: Runtime) -> VariationalModel:
        """Train on ``data.train_generated()``, then fit the sampler."""
        config = self.config
        require_sampler(config)
        with runtime.seeded("init"):
            heads = partial(ConstantVarianceHeads, sigma=config.code_sigma)
            network = unconditional_network(config, data.shape, heads)
            objective = NegativeELBO(pixels := config.pixels())
        images = data.train_generated()
        plan = config.plan(len(images))
        fit_autoencoder("cv_vae", network, objective, plan, images, runtime)
        sampler = fit_sampler(config, network, data, runtime)
        return VariationalModel(network, sampler, config.conditional, pixels)
