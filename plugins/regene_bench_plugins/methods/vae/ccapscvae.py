"""The convolutional conditional VAE with a capsule encoder (CCapsCVAE)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.common.image_kinds import is_small
from regene_bench_plugins.methods.vae.capsules import CapsuleEncoder
from regene_bench_plugins.methods.vae.ccvae import CCVAE, CCVAEConfig
from regene_bench_plugins.methods.vae.model import ConditionalModel
from regene_bench_plugins.methods.vae.network import Autoencoding, GaussianHeads
from regene_bench_plugins.methods.vae.objectives import DecayingKLObjective
from regene_bench_plugins.methods.vae.recogniser import fit_recogniser
from regene_bench_plugins.methods.vae.training import fit_autoencoder
from regene_bench_plugins.networks.conditioning import CodeAndOneHot, LabelPlanes
from regene_bench_plugins.networks.convolutional import VectorDecoder


class CCapsCVAEConfig(CCVAEConfig):
    """The capsules; all else as of ``ccvae``.

    Attributes:
        types: Capsules at each place of the encoder's innermost map; 32 in Sabour et al. 2017.
        type_dim: Their length; 8 there.
        capsules: Capsules that are routed to; 10 there.
        capsule_dim: Their length; 16 there.
        routing: Rounds of routing; 3 there.
    """

    types: int = Field(default=16, ge=1, le=1024)
    type_dim: int = Field(default=8, ge=1, le=1024)
    capsules: int = Field(default=10, ge=1, le=1024)
    capsule_dim: int = Field(default=16, ge=1, le=1024)
    routing: int = Field(default=3, ge=1, le=100)


class CCapsCVAE(Method):
    """``ccvae`` whose encoder ends in routed capsules instead of a flattened map.

    Networks and losses are put together here from Sabour et al. 2017 and from ``ccvae``: the ReGene
    paper names the method in its Table 4 and prints no recipe. The divergence's falling weight
    is that of ``ccvae``, at ``paper``, too.
    """

    version = "2"
    Config = CCapsCVAEConfig
    config: CCapsCVAEConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """As of ``ccvae``; ``paper`` has the number of capsules of Sabour et al."""
        values = CCVAE.preset(preset, shape)
        if preset == "quick":
            return values | {"types": 4 if is_small(shape) else 8}
        return values | ({"types": 32} if preset == "paper" else {})

    def fit(self, data: BenchmarkData, runtime: Runtime) -> ConditionalModel:
        """Train on ``data.train``, then the recogniser."""
        config = self.config
        with runtime.seeded("init"):
            network = capsule_network(config, data.shape)
            objective = DecayingKLObjective(pixels := config.pixels(), config.kl_start)
        plan = config.plan(len(data.train))
        fit_autoencoder("ccapscvae", network, objective, plan, data.train, runtime)
        return ConditionalModel(network, fit_recogniser(config, data, runtime), pixels)


def capsule_network(config: CCapsCVAEConfig, shape: ImageShape) -> Autoencoding:
    """Label planes, convolutions and capsules; a decoder of ``[z, one-hot]``."""
    encoder = CapsuleEncoder(
        shape,
        config.encoder_description(shape),
        shape.n_classes,
        types=config.types,
        type_dim=config.type_dim,
        capsules=config.capsules,
        capsule_dim=config.capsule_dim,
        iterations=config.routing,
    )
    code = CodeAndOneHot(config.latent_dim, shape.n_classes)
    return Autoencoding(
        entrance=LabelPlanes(shape.n_classes),
        encoder=encoder,
        heads=GaussianHeads(encoder.latent_dim, config.latent_dim),
        code=code,
        decoder=VectorDecoder(shape, config.decoder_description(shape), code.size),
    )
