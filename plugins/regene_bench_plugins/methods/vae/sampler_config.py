"""How codes are drawn once an autoencoder is trained, as a configuration says it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from regene_bench.api import MethodConfig, images_to_see
from regene_bench_plugins.methods.vae.training import Plan, halving

SamplerName = Literal["normal", "gaussian", "mixture", "second_stage"]

# For ``Method.sampling_params``: they say which density is fitted to a trained network's codes. The
# sizes of a second stage are not among them, since it has checkpoints of its own.
DRAWING = frozenset({"conditional", "sampler", "components", "sampler_images"})


class SamplerConfig(MethodConfig):
    """The density that codes are drawn from, for networks that see no labels.

    Attributes:
        conditional: One density for each class; without it samples have no class.
        sampler: ``normal``, the standard normal; ``gaussian`` or ``mixture``, fitted to posterior
            means of training images once all else is trained; ``second_stage``, a VAE of the codes.
            ``None`` for ``mixture`` where classes are asked for and ``normal`` where they are not.
        components: Gaussians of a mixture, fewer where a class has too few images for them.
        sampler_images: Training images whose codes a density is fitted to, at most.
        second_images: Codes that the second stage sees, repetitions counted.
        second_epochs: Passes of it over the training split; wins over ``second_images``.
        second_width: Units of each of its layers.
        second_depth: Hidden layers of each of its networks.
        second_batch_size: Codes a step.
        second_learning_rate: Adam's; peak of the one-cycle schedule.
        second_halved_every: Epochs after which it is halved, again and again, in place of that.
    """

    conditional: bool = True
    sampler: SamplerName | None = None
    components: int = Field(default=10, ge=1, le=1000)
    sampler_images: int = Field(default=20_000, ge=1)
    second_images: int = Field(default=1_000_000, ge=1)
    second_epochs: float | None = Field(default=None, gt=0)
    second_width: int = Field(default=512, ge=1, le=16384)
    second_depth: int = Field(default=3, ge=1, le=20)
    second_batch_size: int = Field(default=128, ge=2)
    second_learning_rate: float = Field(default=1e-3, gt=0)
    second_halved_every: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _knows_classes(self) -> Self:
        if self.conditional and self.sampler == "normal":
            raise ValueError(
                "the standard normal knows no classes: set conditional=false or another sampler"
            )
        return self

    @property
    def chosen_sampler(self) -> SamplerName:
        """The sampler, chosen where it was left open."""
        if self.sampler is not None:
            return self.sampler
        return "mixture" if self.conditional else "normal"

    def second_plan(self, n_train: int) -> Plan:
        """Length and rate of the second stage on a training split of ``n_train``."""
        total = images_to_see(self.second_images, self.second_epochs, n_train)
        schedule = halving(self.second_halved_every)
        return Plan(total, self.second_batch_size, self.second_learning_rate, schedule)
