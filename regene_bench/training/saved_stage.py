"""Whether what a checkpoint holds can be the state of a stage: nothing is loaded that is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import nn

from regene_bench.training.stage import Stage

_CPU_STREAM = "rng"
_OF_EVERY_GROUP = {"params", "lr", "initial_lr"}


class _Told(BaseModel):
    """What a checkpoint tells of its stage beside networks, optimisers and random streams."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    stage: str | None = None
    done: bool
    step: int = Field(ge=0)
    seconds: float = Field(ge=0)
    images: int = Field(ge=0)
    losses: dict[str, float]
    replayed: int = Field(default=0, ge=0)
    fast: bool = False
    modules: dict[str, dict[str, Any]]
    optimizers: dict[str, dict[str, Any]] = {}


def why_not(saved: Any, stage: Stage) -> str:
    """Say why a checkpoint cannot be of a stage; empty if it can.

    Args:
        saved: What was read.
        stage: The stage that shall go on from it; it is left as it is.
    """
    try:
        told = _Told.model_validate(saved)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'all of it'}: {first['msg']}"
    if told.stage not in (None, stage.name):
        return f"it is of the stage {told.stage!r}"
    if told.step > stage.total_steps or told.done != (told.step == stage.total_steps):
        ended = "ended" if told.done else "under way"
        return f"it is {ended} at step {told.step} of {stage.total_steps}"
    if not _fits(stage.modules, told.modules):
        return "it is of another network"
    if told.done:
        return ""
    return _why_not_optimizers(told.optimizers, stage) or _why_not_streams(saved)


def _fits(modules: Mapping[str, nn.Module], saved: Mapping[str, Mapping[str, Any]]) -> bool:
    if set(modules) != set(saved):
        return False
    for key, module in modules.items():
        own = module.state_dict()
        if set(own) != set(saved[key]):
            return False
        if any(own[name].shape != _shape(saved[key][name]) for name in own):
            return False
    return True


def _shape(value: Any) -> torch.Size | None:
    return value.shape if isinstance(value, torch.Tensor) else None


def _why_not_optimizers(saved: Mapping[str, Mapping[str, Any]], stage: Stage) -> str:
    if set(saved) != set(stage.optimizers):
        return f"it has the optimisers {', '.join(sorted(saved)) or 'none'}"
    for name, optimizer in stage.optimizers.items():
        own, groups = optimizer.state_dict(), saved[name].get("param_groups")
        if not isinstance(groups, list) or not isinstance(saved[name].get("state"), dict):
            return f"its optimiser {name} has no state"
        if any(not isinstance(g, dict) or not set(g) >= _OF_EVERY_GROUP for g in groups):
            return f"its optimiser {name} lacks a rate"
        if [len(g["params"]) for g in groups] != [len(g["params"]) for g in own["param_groups"]]:
            return f"its optimiser {name} is of other parameters"
    return ""


def _why_not_streams(saved: Mapping[str, Any]) -> str:
    streams = {key: value for key, value in saved.items() if key.endswith(_CPU_STREAM)}
    for name, state in streams.items():
        if not isinstance(state, torch.Tensor) or state.dtype != torch.uint8:
            return f"its random stream {name} is none"
    try:
        torch.Generator().set_state(streams[_CPU_STREAM])
    except (KeyError, RuntimeError):
        return "its random stream is none"
    return ""
