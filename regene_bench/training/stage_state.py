"""What a stage's checkpoint holds, and how it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from regene_bench.base.events import Message
from regene_bench.runtime.runtime import Runtime
from regene_bench.training.saved_stage import why_not
from regene_bench.training.stage import Stage

_CPU_STREAM = "rng"


def note_rates(optimizers: Mapping[str, torch.optim.Optimizer]) -> None:
    """Write the rates that optimisers were made with where schedules find them.

    It is the key ``initial_lr`` of a parameter group, as torch's own schedulers have it. A rate
    that was noted before stays, so that nobody scales a rate that was scaled already.
    """
    for optimizer in optimizers.values():
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])


def stage_state(
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    streams: Mapping[str, torch.Tensor],
    *,
    done: bool,
) -> dict[str, Any]:
    """Collect the state of a stage; one that has ended needs its modules only.

    Args:
        modules: The stage's, by name.
        optimizers: The stage's, by name.
        streams: States of its random generators, by name.
        done: Whether the stage has ended.
    """
    state: dict[str, Any] = {
        "done": done,
        "modules": {name: dict(module.state_dict()) for name, module in modules.items()},
    }
    if not done:
        state["optimizers"] = {name: _state_of(opt) for name, opt in optimizers.items()}
        state |= streams
    return state


def _state_of(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The state of an optimiser as it was made: who goes on may capture no steps."""
    state: dict[str, Any] = optimizer.state_dict()
    for group in state["param_groups"]:
        if isinstance(group["lr"], torch.Tensor):
            group |= {"lr": float(group["lr"]), "capturable": False}
    return state


def stream_name(device: torch.device) -> str:
    """The name under which a checkpoint holds the state of a generator on this device."""
    return _CPU_STREAM if device.type == "cpu" else f"{device.type}_{_CPU_STREAM}"


def random_streams(saved: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The states of random generators in a checkpoint, by name."""
    return {key: value for key, value in saved.items() if key.endswith(_CPU_STREAM)}


def global_streams(device: torch.device) -> dict[str, torch.Tensor]:
    """States of torch's own generators: the CPU's, and that of a CUDA device."""
    streams = {_CPU_STREAM: torch.get_rng_state()}
    if device.type == "cuda":
        streams[stream_name(device)] = torch.cuda.get_rng_state(device)
    return streams


def set_global_streams(streams: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Bring torch's own generators to saved states; what was not saved is left as it is."""
    if _CPU_STREAM in streams:
        torch.set_rng_state(streams[_CPU_STREAM])
    if device.type == "cuda" and stream_name(device) in streams:
        torch.cuda.set_rng_state(streams[stream_name(device)], device)


def restore_state(stage: Stage, runtime: Runtime) -> dict[str, Any] | None:
    """Load a stage's checkpoint into its modules and optimisers; random generators are left.

    Args:
        stage: Its modules and optimisers are changed, if there is such a checkpoint.
        runtime: Its checkpoints, and whom to tell.

    Returns:
        The rest of the saved state, or ``None`` if there is no checkpoint that can be believed: it
        is damaged, or of another network (an older version of the method). Training then starts
        over, and says so.
    """

    def start_over(reason: str) -> None:
        text = f"{runtime.task}: the checkpoint of {stage.name} is not used ({reason}); "
        runtime.tell(Message(f"{text}starting over", "warning"))

    saved: dict[str, Any] | None = runtime.checkpoints.load(stage.name, start_over)
    if saved is None:
        return None
    if reason := why_not(saved, stage):
        start_over(reason)
        return None
    for key, module in stage.modules.items():
        module.load_state_dict(saved["modules"][key])
    if not saved["done"]:
        for key, optimizer in stage.optimizers.items():
            made = [group.get("capturable") for group in optimizer.param_groups]
            optimizer.load_state_dict(saved["optimizers"][key])
            for group, capturable in zip(optimizer.param_groups, made, strict=True):
                # of who saved: whether steps are captured here is for this process to say
                if capturable is not None:
                    group["capturable"] = capturable
            _match_layout(optimizer)
    return saved


def _match_layout(optimizer: torch.optim.Optimizer) -> None:
    """Give moments the memory layout of their parameter, which fused kernels rely on."""
    for parameter, state in optimizer.state.items():
        for key, value in state.items():
            if isinstance(value, torch.Tensor) and value.shape == parameter.shape:
                state[key] = torch.empty_like(parameter, requires_grad=False).copy_(value)
