"""Diffusion with the preconditioning, noise levels and sampler of Karras et al. 2022 (EDM)."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.common.image_kinds import is_colour, is_small
from regene_bench_plugins.methods.diffusion.config import SAMPLING_PARAMS, DiffusionConfig
from regene_bench_plugins.methods.diffusion.denoising import Denoising
from regene_bench_plugins.methods.diffusion.model import DiffusionModel
from regene_bench_plugins.methods.diffusion.noise_levels import NoiseLevels
from regene_bench_plugins.methods.diffusion.presets import (
    LARGEST_MAP,
    network_preset,
    patch_for,
    smoke_values,
)
from regene_bench_plugins.methods.diffusion.training import fit_diffusion


class EDMConfig(DiffusionConfig):
    """Noise levels in training and in sampling, beside what all have in common.

    Attributes:
        sigma_data: Standard deviation of the pixels in [−1, 1] that the network's ends are scaled
            for.
        log_mean: Mean of the logarithm of the noise level in training.
        log_std: Its standard deviation.
        sigma_min: The last noise level of the sampler before 0.
        sigma_max: Its first noise level.
        rho: How much closer together its levels are where they are low.
        churn: Noise that it adds anew on the way; 0 for none.
        churn_min: The lowest level at which it adds noise.
        churn_max: The highest level at which it adds noise.
        churn_noise: Standard deviation of what it adds.
    """

    sigma_data: float = Field(default=0.5, gt=0)
    log_mean: float = -1.2
    log_std: float = Field(default=1.2, gt=0)
    sigma_min: float = Field(default=0.002, gt=0)
    sigma_max: float = Field(default=80.0, gt=0)
    rho: float = Field(default=7.0, ge=1)
    churn: float = Field(default=0.0, ge=0)
    churn_min: float = Field(default=0.05, ge=0)
    churn_max: float = Field(default=50.0, ge=0)
    churn_noise: float = Field(default=1.003, gt=0)

    @model_validator(mode="after")
    def _levels_are_in_order(self) -> Self:
        if self.sigma_min >= self.sigma_max:
            raise ValueError(
                f"sigma_min must be below sigma_max: {self.sigma_min:g} is not below "
                f"{self.sigma_max:g}"
            )
        if self.churn > 0 and self.churn_min > self.churn_max:
            raise ValueError(
                f"churn_min must not be above churn_max, or no level gets noise: "
                f"{self.churn_min:g} is above {self.churn_max:g}"
            )
        return self

    def objective(self) -> Denoising:
        """What the network learns."""
        return Denoising(self.sigma_data, self.log_mean, self.log_std)

    def sampler(self) -> NoiseLevels:
        """How images are drawn."""
        return NoiseLevels(
            steps=self.steps,
            solver=self.solver,
            sigma_min=self.sigma_min,
            sigma_max=self.sigma_max,
            rho=self.rho,
            churn=self.churn,
            churn_min=self.churn_min,
            churn_max=self.churn_max,
            churn_noise=self.churn_noise,
        )


class EDM(Method):
    """A denoiser of all noise levels, and the way down from pure noise."""

    Config = EDMConfig
    config: EDMConfig
    sampling_params = SAMPLING_PARAMS | {
        "sigma_min",
        "sigma_max",
        "rho",
        "churn",
        "churn_min",
        "churn_max",
        "churn_noise",
    }

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: the authors' CIFAR-10 training (their table 7, DDPM++ with conditions).

        200 million images in batches of 512 at 0.001, which is reached after 10 million; a moving
        average with a half-life of half a million images; dropout of 0.13; 18 steps of Heun; no
        guidance, so no labels are dropped, and other values of it want ``label_dropout``.
        Departures, among others: as many blocks on the way up as on the way down (theirs has one
        more), no augmentation, attention on the map of 8×8 too, the embedding scales and shifts
        where theirs is added, its waves are slower and it is twice as long. Images of more than 32
        pixels are folded, of which the paper has none of this network.

        ``quick`` sees more noise than the paper in grey images: these are near black and white, and
        noise hides what they show only where it is several times as strong as that of a photograph.
        Where images have 28 pixels or more it stops at a level at which so short a training has
        seen images, and guides by 2: below, what is left of the noise stays.
        """
        if preset == "quick":
            grey = {} if is_colour(shape) else {"log_mean": 0.0}
            last = 0.1 if is_colour(shape) else 0.2
            sampling = {} if is_small(shape) else {"sigma_min": last, "guidance": 2.0}
            return network_preset(preset, shape) | grey | sampling
        if preset != "paper":
            return network_preset(preset, shape)
        return {
            "images": 200_000_000,
            "patch": patch_for(shape, LARGEST_MAP),
            "width": 256,
            "widest": 256,
            "halvings": 2,
            "blocks": 4,
            "attention": 16,
            "head": 256,
            "dropout": 0.13,
            "position_embedding": False,
            "batch_size": 512,
            "warmup": 0.05,
            "fall": "constant",
            "average": 0.99929,
            "label_dropout": 0.0,
        }

    @classmethod
    def smoke(cls, shape: ImageShape) -> dict[str, Any]:
        """A narrow network and few steps."""
        return super().smoke(shape) | smoke_values()

    def fit(self, data: BenchmarkData, runtime: Runtime) -> DiffusionModel:
        """Train on ``data.train``."""
        config = self.config
        return fit_diffusion("edm", config.objective(), config.sampler(), config, data, runtime)
