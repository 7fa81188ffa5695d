"""What the configurations of diffusion and flow models have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from regene_bench.api import (
    Clock,
    Schedule,
    TrainingLength,
    warmup_then_cosine,
)
from regene_bench_plugins.methods.diffusion.ode import SolverName
from regene_bench_plugins.networks.unet import UNetSize

# For ``Method.sampling_params``: what is done with a network that is trained.
SAMPLING_PARAMS = frozenset({"steps", "solver", "guidance"})


class DiffusionConfig(TrainingLength):
    """Network, rate, moving average, and how images are drawn.

    Attributes:
        conditional: Labels for the network; without them samples have no class.
        label_dropout: Share of the images that are shown without their class, for guidance.
        patch: Side of the squares of pixels that are folded into channels.
        width: Channels of the outermost map; they double with each halving of its sides.
        widest: Where they stop doubling; not less than ``width``.
        halvings: How often the sides are halved.
        blocks: Residual blocks on each map, on the way down and again on the way up.
        attention: Longest side of maps with attention behind each block; the middle of the network
            has it whatever its map's side. 0 for none anywhere.
        head: Channels of a head of attention.
        dropout: In each residual block.
        position_embedding: Whether the network is told where in the image each place of its
            outermost map is.
        batch_size: Images a step.
        learning_rate: Adam's, at its highest.
        warmup: Share of the training in which the rate rises.
        fall: How the rate falls after that: along half a ``cosine``, on a ``line``, or ``not``.
        average: Decay of the moving average of the weights, which is what generates; 0 for none.
        steps: Of the sampler.
        solver: ``euler``, which asks the network once a step, or ``heun``, which asks twice.
        guidance: How far predictions go from those for no class to those for the class, and
            beyond; 1 for no guidance.
    """

    conditional: bool = True
    label_dropout: float = Field(default=0.1, ge=0, lt=1)
    patch: int = Field(default=1, ge=1, le=8)
    width: int = Field(default=64, ge=8, le=4096)
    widest: int = Field(default=128, ge=8, le=4096)
    halvings: int = Field(default=2, ge=0, le=6)
    blocks: int = Field(default=2, ge=1, le=16)
    attention: int = Field(default=8, ge=0)
    head: int = Field(default=64, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    position_embedding: bool = True
    batch_size: int = Field(default=128, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    fall: Literal["cosine", "line", "constant"] = "cosine"
    average: float = Field(default=0.999, ge=0, lt=1)
    steps: int = Field(default=18, ge=1, le=10_000)
    solver: SolverName = "heun"
    guidance: float = Field(default=1.0, ge=0, le=100)

    @model_validator(mode="after")
    def _knows_what_no_class_is(self) -> Self:
        if self.guidance != 1 and not (self.conditional and self.label_dropout):
            raise ValueError(
                "guidance other than 1 needs a network that knows images with and without classes: "
                "set guidance=1, or conditional=true and label_dropout=0.1"
            )
        return self

    @model_validator(mode="after")
    def _network_can_be_built(self) -> Self:
        if self.widest < self.width:
            raise ValueError(f"widest must not be below width: {self.widest} is below {self.width}")
        if self.attention and not _divides_all(self.head, self.widths):
            fitting = max(h for h in range(1, self.head) if _divides_all(h, self.widths))
            raise ValueError(
                f"head must divide the channels of every map with more of them, and {self.head} "
                f"does not divide all of {self.widths}: set head={fitting}"
            )
        return self

    @property
    def widths(self) -> list[int]:
        """Channels of each map, the outermost first."""
        return self.network_size().widths

    def network_size(self) -> UNetSize:
        """How wide and how deep the network is."""
        return UNetSize(
            patch=self.patch,
            width=self.width,
            widest=self.widest,
            halvings=self.halvings,
            blocks=self.blocks,
            attention=self.attention,
            head=self.head,
            dropout=self.dropout,
            position_embedding=self.position_embedding,
        )

    def schedule(self) -> Schedule:
        """Factor on the rate: it rises, and falls or stays."""
        if self.fall == "cosine":
            return warmup_then_cosine(self.warmup)
        return rise_then_line(self.warmup, end=0.0 if self.fall == "line" else 1.0)


def rise_then_line(warmup: float, end: float) -> Schedule:
    """Rise linearly from 0 to 1, then go linearly to ``end``.

    Args:
        warmup: Share of the stage that the rise takes, in [0, 1).
        end: The factor at the end.
    """

    def factor(clock: Clock) -> float:
        if clock.progress < warmup:
            return clock.progress / warmup
        return 1 + (end - 1) * (clock.progress - warmup) / (1 - warmup)

    return factor


def _divides_all(head: int, widths: Sequence[int]) -> bool:
    """Whether heads of so many channels fill each map; one of fewer channels is one head."""
    return all(width % min(head, width) == 0 for width in widths)
