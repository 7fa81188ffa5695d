"""A normalising flow of codes, of all alike or given the class: neural splines by zuko.

Coupling layers of monotonic rational-quadratic splines (Durkan et al. 2019, "RQ-NSF (C)"): one half
of the coordinates is bent by splines whose knots a network takes from the other half and from the
one-hot class. Coupling layers are inverted in two passes, whatever the length of a code;
autoregressive ones would need one pass a coordinate, for each candidate that is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import (
    Batch,
    DeviceImages,
    MethodConfig,
    Preset,
    Runtime,
    SampleRng,
    Stage,
    UnavailableError,
    constant,
    stable_id,
    train,
    warmup_then_cosine,
)
from regene_bench_plugins.methods.common.inference import in_padded_chunks
from regene_bench_plugins.methods.common.optim import adam, gradient_step
from regene_bench_plugins.methods.common.principal import PrincipalCoordinates

# For ``Method.sampling_params``: the name of a flow's checkpoint tells with which of them it was
# trained, so that no run takes another's flow for its own.
FLOW_PARAMS = frozenset(
    {
        "flow_images",
        "flow_transforms",
        "flow_width",
        "flow_bins",
        "flow_batch_size",
        "flow_learning_rate",
    }
)
_HIDDEN_LAYERS = 2
_COUPLING = 2
_NAME_LENGTH = 8


class FlowConfig(MethodConfig):
    """Sizes and training of a normalising flow of codes; without ``sampler=flow`` nobody looks.

    Attributes:
        flow_images: Codes that it sees, repetitions counted.
        flow_transforms: Its coupling layers.
        flow_width: Units of each of the two hidden layers of a coupling layer's network.
        flow_bins: Pieces of a spline.
        flow_batch_size: Codes a step.
        flow_learning_rate: Adam's; peak of the one-cycle schedule.
    """

    flow_images: int = Field(default=2_000_000, ge=1)
    flow_transforms: int = Field(default=6, ge=1, le=64)
    flow_width: int = Field(default=128, ge=1, le=16384)
    flow_bins: int = Field(default=8, ge=2, le=256)
    flow_batch_size: int = Field(default=256, ge=1)
    flow_learning_rate: float = Field(default=1e-3, gt=0)


def flow_preset(preset: Preset) -> dict[str, Any]:
    """Length and sizes of a preset; no source has them, so that ``paper`` is ours, too."""
    if preset == "quick":
        return {
            "flow_images": 100_000,
            "flow_transforms": 4,
            "flow_width": 64,
            "flow_learning_rate": 3e-3,
        }
    return {"flow_images": 2_000_000 if preset == "standard" else 20_000_000}


class LatentCodes(DeviceImages):
    """Codes in the place of images, made when they are first looked at.

    Who opens a finished model only to encode or decode need not encode a training split first.

    Args:
        make: Gives codes, float32 ``[N, D]``, and labels, int64 ``[N]``.
    """

    def __init__(self, make: Callable[[], tuple[Tensor, Tensor]]) -> None:
        # past the frozen dataclass, whose two fields are the properties below
        object.__setattr__(self, "_make", cache(make))

    @property
    def images(self) -> Tensor:
        """The codes, float32 ``[N, D]``."""
        codes: Tensor = self.__dict__["_make"]()[0]
        return codes

    @property
    def labels(self) -> Tensor:
        """int64 ``[N]``."""
        labels: Tensor = self.__dict__["_make"]()[1]
        return labels

    def batch(self, indices: Tensor) -> Tensor:
        """The codes at ``indices``, float32 ``[n, D]``."""
        return self.images[indices]


class LatentFlow(nn.Module):
    """A density of codes, given the class or of all.

    Args:
        code_dim: D of codes ``[N, D]``.
        dim: Principal components of the codes that it is a density of.
        n_classes: K; 0 for a density that looks at no labels.
        config: Its sizes.

    Raises:
        UnavailableError: zuko is not installed.
    """

    def __init__(self, code_dim: int, dim: int, n_classes: int, config: FlowConfig) -> None:
        super().__init__()
        require_zuko()
        from zuko.flows import NSF

        self.coordinates = PrincipalCoordinates(code_dim, dim)
        self._n_classes = n_classes
        self.flow: nn.Module = NSF(
            dim,
            n_classes,
            bins=config.flow_bins,
            transforms=config.flow_transforms,
            # otherwise the same halves face each other in all layers
            randperm=True,
            passes=_COUPLING,
            hidden_features=(config.flow_width,) * _HIDDEN_LAYERS,
        )

    def log_density(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Logarithm of the density of the components of codes, in nats, ``[N]``.

        With all D components it is that of the codes.

        Args:
            codes: float32 ``[N, D]``.
            labels: int64 ``[N]``; not looked at without classes.
        """
        found: Tensor = self.flow(self._context(labels)).log_prob(self.coordinates(codes))
        return found - self.coordinates.scales.log().sum()

    def place(self, labels: Tensor, noise: Tensor) -> Tensor:
        """Turn standard normal noise ``[N, d]`` into codes ``[N, D]``."""
        coordinates: Tensor = self.flow(self._context(labels)).transform.inv(noise)
        return self.coordinates.inverse(coordinates)

    def _context(self, labels: Tensor) -> Tensor | None:
        if self._n_classes == 0:
            return None
        return F.one_hot(labels, self._n_classes).float()


class FlowSampler:
    """Draws codes from a trained flow.

    Args:
        flow: In evaluation mode.
    """

    def __init__(self, flow: LatentFlow) -> None:
        self._flow = flow

    @property
    def dim(self) -> int:
        """d of the noise ``[N, d]`` that a code is made of."""
        return self._flow.coordinates.dim

    def draw(self, labels: Tensor, rng: SampleRng) -> Tensor:
        """One code for each label, int64 ``[N]``: float32 ``[N, D]``."""
        return self.place(labels, rng.normal(len(labels), (self.dim,), "flow"))

    @torch.inference_mode()
    def place(self, labels: Tensor, noise: Tensor) -> Tensor:
        """Turn standard normal noise into codes, each by its own row alone.

        Args:
            labels: int64 ``[N]``.
            noise: ``[N, d]``, on any device.

        Returns:
            float32 ``[N, D]`` on the labels' device.
        """
        # The label travels as a last column, which is exact below 2^24 classes.
        rows = torch.cat([noise.to(labels.device), labels[:, None].to(noise.dtype)], dim=1)
        return in_padded_chunks(
            lambda part: self._flow.place(part[:, -1].long(), part[:, :-1]), rows
        )


def require_zuko() -> None:
    """Find out whether zuko is there, before anything is trained for it.

    Raises:
        UnavailableError: It is not installed.
    """
    try:
        import zuko  # noqa: F401
    except ImportError as error:
        raise UnavailableError(
            "sampler=flow is a normalising flow of the library zuko, which is not installed.",
            hint="pip install 'regene-bench[flows]', or take another sampler.",
        ) from error


def fit_flow(
    config: FlowConfig,
    codes: LatentCodes,
    code_dim: int,
    runtime: Runtime,
    *,
    n_classes: int = 0,
    dim: int | None = None,
    seen: Mapping[str, object] | None = None,
) -> FlowSampler:
    """Train a flow on codes by maximum likelihood, as a stage with a checkpoint of its own.

    The first step takes mean and components of all codes; a stage that goes on has them from its
    checkpoint.

    Args:
        config: Sizes, length, rate.
        codes: What is learned; not looked at if the checkpoint is of a stage that has ended.
        code_dim: D of the codes.
        runtime: Device, seed, checkpoints.
        n_classes: K; 0 for a density that looks at no labels.
        dim: Principal components that it is a density of; all D if not given.
        seen: What else, of the method's parameters, decides which codes they are.

    Raises:
        UnavailableError: zuko is not installed.
        TrainingDivergedError: The loss is not finite.
        Interrupted: A stop was asked for; the state is saved.
    """
    dim = code_dim if dim is None else min(dim, code_dim)
    with runtime.seeded("init", "flow"):
        flow = LatentFlow(code_dim, dim, n_classes, config).to(runtime.device)
    optimizer = adam(flow.parameters(), config.flow_learning_rate, runtime.device)

    def step(batch: Batch) -> Mapping[str, Tensor]:
        if batch.clock.step == 0:
            flow.coordinates.fit(codes.images)
        # In float32 throughout: splines have narrow pieces. Nats a code.
        loss = -flow.log_density(batch.images, batch.labels).mean()
        gradient_step(optimizer, loss)
        return {"nll": loss.detach()}

    stage = Stage(
        name=_stage_name(config, {"classes": n_classes, "dim": dim, **(seen or {})}),
        modules={"flow": flow},
        optimizers={"adam": optimizer},
        step=step,
        batch_size=config.flow_batch_size,
        total_images=config.flow_images,
        schedule=warmup_then_cosine(),
        stretch=constant,
    )
    train(stage, codes, runtime)
    return FlowSampler(flow)


def _stage_name(config: FlowConfig, also: Mapping[str, object]) -> str:
    """Names a flow after all that it depends on beside the networks whose codes it learns."""
    own = {name: getattr(config, name) for name in sorted(FLOW_PARAMS)}
    return f"flow_{stable_id({**own, **also})[:_NAME_LENGTH]}"
