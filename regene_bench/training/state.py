"""What a stage's checkpoint holds, and how it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from regene_bench.base.events import Message
from regene_bench.runtime.runtime import Runtime


def note_rates(optimizers: Mapping[str, torch.optim.Optimizer]) -> None:
    """Write the rates that optimisers were made with where schedules find them."""
    for optimizer in optimizers.values():
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])


def stage_state(
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    device: torch.device,
    *,
    done: bool,
) -> dict[str, Any]:
    """Collect the state; a finished stage needs its modules only."""
    state: dict[str, Any] = {
        "done": done,
        "modules": {name: dict(module.state_dict()) for name, module in modules.items()},
    }
    if not done:
        state["optimizers"] = {name: opt.state_dict() for name, opt in optimizers.items()}
        state["rng"] = torch.get_rng_state()
        if device.type == "cuda":
            state["cuda_rng"] = torch.cuda.get_rng_state(device)
    return state


def restore_state(
    name: str,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    runtime: Runtime,
) -> dict[str, Any] | None:
    """Load a stage's checkpoint into its modules and optimisers.

    Returns:
        The rest of the saved state, or ``None`` if there is no checkpoint or it is of networks of
        another shape (an older version of the method): training then starts over, and says so.
    """
    saved: dict[str, Any] | None = runtime.checkpoints.load(name)
    if saved is None:
        return None
    if not _fits(modules, saved["modules"]):
        text = f"{runtime.task}: the checkpoint of {name} is of another network; starting over"
        runtime.tell(Message(text, "warning"))
        return None
    for key, module in modules.items():
        module.load_state_dict(saved["modules"][key])
    if not saved["done"]:
        for key, optimizer in optimizers.items():
            optimizer.load_state_dict(saved["optimizers"][key])
            _match_layout(optimizer)
        torch.set_rng_state(saved["rng"])
        if "cuda_rng" in saved and runtime.device.type == "cuda":
            torch.cuda.set_rng_state(saved["cuda_rng"], runtime.device)
    return saved


def _fits(modules: Mapping[str, nn.Module], saved: Mapping[str, Mapping[str, Any]]) -> bool:
    if set(modules) != set(saved):
        return False
    for key, module in modules.items():
        own = module.state_dict()
        if set(own) != set(saved[key]):
            return False
        if any(own[name].shape != saved[key][name].shape for name in own):
            return False
    return True


def _match_layout(optimizer: torch.optim.Optimizer) -> None:
    """Give moments the memory layout of their parameter, which fused kernels rely on."""
    for parameter, state in optimizer.state.items():
        for key, value in state.items():
            if isinstance(value, torch.Tensor) and value.shape == parameter.shape:
                state[key] = torch.empty_like(parameter, requires_grad=False).copy_(value)
