"""Perceptual generative autoencoders with both objectives, LVPGA (Zhang et al. 2020).

Certain, from the published code of the variational form: its terms, which network each trains, and
that they are means over values; and the weights of this form for images of 32 and 64 pixels. Our
reading: the likelihood's terms, after a second implementation, which draws the step that the volume
is measured with apart from the variational term's, where one serves both here; pixels in [−1, 1];
and the weights of grey images, which are those of the variational form. Ours alone: the networks,
Adam in place of SGD with momentum, and classes by a density of codes for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field
from torch import Tensor

from regene_bench.api import (
    Batch,
    BenchmarkData,
    ImageShape,
    Method,
    Preset,
    Runtime,
    Stage,
    one_cycle,
    train,
)
from regene_bench_plugins.methods.optim import adam, descend
from regene_bench_plugins.methods.presets import is_colour, is_small
from regene_bench_plugins.vae.config import NetworkConfig
from regene_bench_plugins.vae.convolutional import label_blind
from regene_bench_plugins.vae.lvpga_objective import Weights, lvpga_terms
from regene_bench_plugins.vae.model import AutoencodingModel
from regene_bench_plugins.vae.posterior import GaussianHeads
from regene_bench_plugins.vae.presets import network_preset, sampler_preset
from regene_bench_plugins.vae.sampler_config import DRAWING, SamplerConfig
from regene_bench_plugins.vae.samplers import fit_sampler
from regene_bench_plugins.vae.training import sum_of

_LARGE_SIDE = 64


class LVPGAConfig(SamplerConfig, NetworkConfig):
    """Networks, sampler, and weights beside the reconstruction of images.

    Attributes:
        noise_weight: Reconstruction of noise by decoder and encoder.
        code_weight: Reconstruction of images' codes by decoder and encoder.
        variational_weight: Agreement of decoded and encoded draws around a code.
        kl_weight: Divergence of codes from the standard normal.
        likelihood_weight: Likelihood of codes by change of variables.
    """

    noise_weight: float = Field(default=0.06, ge=0)
    code_weight: float = Field(default=0.0, ge=0)
    variational_weight: float = Field(default=0.01, ge=0)
    kl_weight: float = Field(default=0.03, ge=0)
    likelihood_weight: float = Field(default=0.02, ge=0)

    def weights(self) -> Weights:
        """The same for the objective."""
        return Weights(
            noise=self.noise_weight,
            codes=self.code_weight,
            variational=self.variational_weight,
            kl=self.kl_weight,
            likelihood=self.likelihood_weight,
        )


class LVPGA(Method):
    """Encoder and decoder consistent in images and in codes; a density of codes for each class.

    With ``conditional=false`` codes come from the standard normal, as in the paper.
    """

    version = "2"
    Config = LVPGAConfig
    config: LVPGAConfig
    sampling_params = DRAWING

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """Networks of ``vae``, narrower in ``quick``: a step decodes four times as much."""
        values = network_preset(preset, shape) | sampler_preset(preset) | _published_weights(shape)
        if preset == "quick":
            small = is_small(shape)
            values |= {
                "images": 20_000 if small else 40_000 if is_colour(shape) else 60_000,
                "encoder_narrowest": 16,
                "decoder_width": 64,
                "decoder_narrowest": 16,
            }
        if preset == "paper":
            values |= {"latent_dim": 128 if is_colour(shape) else 32, "epochs": 400}
        return values

    def fit(self, data: BenchmarkData, runtime: Runtime) -> AutoencodingModel:
        """Train on ``data.train``, then fit the sampler."""
        config = self.config
        with runtime.seeded("init"):
            network = label_blind(config, data.shape, GaussianHeads)
        network.to(runtime.device)
        plan, weights = config.plan(len(data.train)), config.weights()
        optimizer = adam(network.parameters(), plan.learning_rate, runtime.device)

        def step(batch: Batch) -> Mapping[str, Tensor]:
            with runtime.autocast():
                terms = lvpga_terms(network, batch.images, batch.labels, weights)
            descend(optimizer, sum_of(terms))
            return {name: value.detach() for name, value in terms.items()}

        stage = Stage(
            name="lvpga",
            modules={"network": network},
            optimizers={"adam": optimizer},
            step=step,
            batch_size=plan.batch_size,
            total_images=plan.total_images,
            schedule=one_cycle(),
        )
        train(stage, data.train, runtime)
        sampler = fit_sampler(config, network, data, runtime)
        return AutoencodingModel(network, sampler, config.conditional)


def _published_weights(shape: ImageShape) -> dict[str, Any]:
    """Of the authors' code for CelebA at 64 pixels, for CIFAR-10, and for MNIST."""
    if not is_colour(shape):
        return {"noise_weight": 0.06, "kl_weight": 0.03, "likelihood_weight": 0.02}
    if max(shape.height, shape.width) < _LARGE_SIDE:
        return {"noise_weight": 0.03, "kl_weight": 0.05, "likelihood_weight": 0.02}
    return {
        "noise_weight": 0.03,
        "code_weight": 0.01,
        "kl_weight": 0.005,
        "likelihood_weight": 0.01,
    }
