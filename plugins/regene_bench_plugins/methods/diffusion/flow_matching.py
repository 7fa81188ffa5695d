"""Conditional flow matching with straight paths (Lipman et al. 2023; Liu et al. 2023)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from regene_bench.api import BenchmarkData, ImageShape, Method, Preset, Runtime
from regene_bench_plugins.methods.common.image_kinds import is_colour, is_small
from regene_bench_plugins.methods.diffusion.config import SAMPLING_PARAMS, DiffusionConfig
from regene_bench_plugins.methods.diffusion.model import DiffusionModel
from regene_bench_plugins.methods.diffusion.path_sampler import PathSampler
from regene_bench_plugins.methods.diffusion.presets import (
    LARGEST_MAP,
    network_preset,
    patch_for,
    smoke_values,
)
from regene_bench_plugins.methods.diffusion.straight_paths import StraightPaths
from regene_bench_plugins.methods.diffusion.training import fit_diffusion


class FlowMatchingConfig(DiffusionConfig):
    """The sampler's last step, beside what all have in common.

    Attributes:
        last: Time at which the sampler's last step begins, which goes straight to the image that is
            predicted there; 1 for equal steps all the way.
    """

    last: float = Field(default=1.0, gt=0, le=1)


class FlowMatching(Method):
    """The velocity of straight paths from noise to images, and the way along it."""

    Config = FlowMatchingConfig
    config: FlowMatchingConfig
    sampling_params = SAMPLING_PARAMS | {"last"}

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: Lipman et al.'s CIFAR-10 training (their table 3).

        1,000 epochs in batches of 256 at 0.0005, which rises over 11.5 % of the steps and falls on
        a line; channels of 256, 512, 512, 512, heads of 64, no dropout. The table has 391,000
        steps, 45,000 of them with a rising rate, and these epochs are half as many: the epochs and
        the share are kept. Departures, among others: two blocks a map on the way up as on the way
        down, attention on the smaller maps too, slower waves of time, a moving average, 50 steps of
        Heun in place of an adaptive solver, and labels, which their CIFAR-10 model has not, one in
        ten of them dropped. Images of more than 32 pixels are folded.

        ``quick`` guides by 2 in images of 28 pixels or more, and goes straight to the image that is
        predicted at 0.8, in colour at 0.9: of the last, weak noise so short a training has learned
        too little to take it away in small steps.
        """
        if preset == "quick" and not is_small(shape):
            last = 0.9 if is_colour(shape) else 0.8
            sampling = {"steps": 6, "last": last, "guidance": 2.0}
            return network_preset(preset, shape) | sampling
        if preset != "paper":
            return network_preset(preset, shape)
        return {
            "epochs": 1000,
            "patch": patch_for(shape, LARGEST_MAP),
            "label_dropout": 0.1,
            "width": 256,
            "widest": 512,
            "halvings": 3,
            "blocks": 2,
            "attention": 16,
            "position_embedding": False,
            "batch_size": 256,
            "learning_rate": 5e-4,
            "warmup": 0.115,
            "fall": "line",
            "average": 0.9999,
            "steps": 50,
        }

    @classmethod
    def smoke(cls, shape: ImageShape) -> dict[str, Any]:
        """A narrow network and few steps."""
        return super().smoke(shape) | smoke_values()

    def fit(self, data: BenchmarkData, runtime: Runtime) -> DiffusionModel:
        """Train on ``data.train``."""
        config = self.config
        sampler = PathSampler(config.steps, config.solver, config.last)
        return fit_diffusion("flow_matching", StraightPaths(), sampler, config, data, runtime)
