"""Perceptual generative autoencoders with both objectives, LVPGA (Zhang et al. 2020).

Read beside the authors' scripts (github.com/zj10/PGA). As in ``train_vpga.py``: reconstructions,
the squared variational term and the divergence, which network each trains, and means over values of
pixels in [−1, 1], to which the loader of CIFAR-10 and CelebA brings them. As in ``train_lvpga.py``:
the likelihood's two terms, the length of codes and the logarithm of the stretch.

Other than in ``train_lvpga.py``: there the stretch stands in the place of the squared variational
term and has its weight, and the length has one of its own; here both terms are there, and one
weight counts length and stretch. There the step that the stretch is measured with has no other use;
here it serves the variational term too, which adds 0.01 to its spread. There only images are
reconstructed in the first 3,000 steps; here all weights count from the first. Ours alone: the
networks, Adam in place of SGD with momentum, and classes by a density of codes for each.
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
    constant,
    train,
)
from regene_bench_plugins.methods.common.image_kinds import is_colour, is_small
from regene_bench_plugins.methods.common.optim import adam, gradient_step
from regene_bench_plugins.methods.vae.build import unconditional_network
from regene_bench_plugins.methods.vae.config import SAMPLER_PARAMS, NetworkConfig, SamplerConfig
from regene_bench_plugins.methods.vae.lvpga_objective import TermWeights, lvpga_terms
from regene_bench_plugins.methods.vae.model import AutoencodingModel
from regene_bench_plugins.methods.vae.network import GaussianHeads
from regene_bench_plugins.methods.vae.presets import network_preset, sampler_preset
from regene_bench_plugins.methods.vae.samplers import fit_sampler, require_sampler
from regene_bench_plugins.methods.vae.training import sum_of_terms

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

    def weights(self) -> TermWeights:
        """The same for the objective."""
        return TermWeights(
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

    version = "3"
    Config = LVPGAConfig
    config: LVPGAConfig
    sampling_params = SAMPLER_PARAMS

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """Networks of ``vae``, narrower in ``quick``: a step decodes four times as much."""
        values = network_preset(preset, shape) | sampler_preset(preset) | _weights(shape)
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
        """Train on ``data.train_generated()``, then fit the sampler."""
        config = self.config
        require_sampler(config)
        with runtime.seeded("init"):
            network = unconditional_network(config, data.shape, GaussianHeads)
        network.to(runtime.device)
        seen = data.train_generated()
        plan, weights = config.plan(len(seen)), config.weights()
        optimizer = adam(network.parameters(), plan.learning_rate, runtime.device)

        def step(batch: Batch) -> Mapping[str, Tensor]:
            with runtime.autocast():
                terms = lvpga_terms(network, batch.images, batch.labels, weights)
            gradient_step(optimizer, sum_of_terms(terms))
            return {name: value.detach() for name, value in terms.items()}

        def forward(batch: Batch) -> None:
            # of real images and their codes, as in training
            with runtime.autocast():
                network.logits(network.posterior(batch.images, batch.labels).mean, batch.labels)

        stage = Stage(
            name="lvpga",
            modules={"network": network},
            optimizers={"adam": optimizer},
            step=step,
            batch_size=plan.batch_size,
            total_images=plan.total_images,
            schedule=plan.schedule,
            forward=forward,
            stretch=constant,
        )
        train(stage, seen, runtime)
        sampler = fit_sampler(config, network, data, runtime)
        return AutoencodingModel(network, sampler, config.conditional)


def _weights(shape: ImageShape) -> dict[str, Any]:
    """After the authors' commands for CelebA at 64 pixels, for CIFAR-10, and for MNIST.

    Of noise, codes and divergence, those of colour images are of the authors' LVPGA and those of
    grey ones of their VPGA: their LVPGA has a divergence of 0.02 on MNIST. The likelihood's are
    what their LVPGA weighs the length of colour images' codes with; its 0.01 for MNIST is 0.02
    here. The variational term's is the default everywhere, that of their VPGA on MNIST; what their
    LVPGA weighs the stretch with, 0.01 on CelebA and 0.015 elsewhere, is not used.
    """
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
