"""Which device and which arithmetic a call computes with.

``torch.accelerator`` is asked for what it has since torch 2.6: what is present, how many, waiting.
Capabilities, names and memory it has later or never, so ``torch.cuda`` is asked for these.

The precision here is that of training. In which one features are multiplied when images are
measured (TF32, bfloat16 or full float32) is decided in ``evaluation/matmul_precision.py``.
"""

from __future__ import annotations

from typing import Literal

import torch

from regene_bench.base.errors import UsageError, did_you_mean

Precision = Literal["float32", "bfloat16"]
_ACCELERATORS = ("cuda", "mps")
# compute capability of Ampere
_FIRST_WITH_BFLOAT16 = (8, 0)


def choose_device(name: str = "auto") -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps`` into a device that is present.

    Raises:
        UsageError: No such device here.
    """
    accelerator = _accelerator()
    if name == "auto":
        return torch.device(accelerator or "cpu")
    kind, _, index = name.partition(":")
    if kind not in ("cpu", *_ACCELERATORS) or (index and not index.isdigit()):
        known = ["cpu", *_ACCELERATORS, "auto"]
        raise UsageError(f"Unknown device {name!r}.", hint=did_you_mean(kind, known))
    if kind not in ("cpu", accelerator):
        raise UsageError(f"Device {name!r} is not present.", hint="Use --device auto or cpu.")
    count = torch.accelerator.device_count()
    if kind == "cuda" and index and int(index) >= count:
        raise UsageError(f"Device {name!r} is not present.", hint=f"There are {count} of them.")
    return torch.device(name)


def choose_device_elsewhere(name: str, precision: str) -> torch.device:
    """As ``choose_device``, for work that other machines do: a device may be one of theirs.

    ``auto`` is still decided here, once for all of them.

    Args:
        name: As of ``choose_device``.
        precision: As it was asked for: of a device that is not here nobody can tell which it does.

    Raises:
        UsageError: No such kind of device, or no precision for one that is not here.
    """
    kind, _, index = name.partition(":")
    if kind in _ACCELERATORS and index and not is_here(torch.device(kind)):
        raise UsageError(
            f"Which {kind} is meant by {name!r} is for whoever carries a run out to decide.",
            hint=f"Give --device {kind}.",
        )
    device = torch.device(name) if name in _ACCELERATORS else choose_device(name)
    if precision == "auto" and not is_here(device):
        raise UsageError(
            f"No {device.type} is here that could be asked whether it multiplies in bfloat16.",
            hint="Give --precision float32, or bfloat16 where it does (NVIDIA's, from Ampere on).",
        )
    return device


def is_here(device: torch.device) -> bool:
    """Whether this machine has a device of that kind."""
    return device.type in ("cpu", _accelerator())


def _accelerator() -> str | None:
    """The kind of accelerator that is present, of those that this project knows."""
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return found.type if found is not None and found.type in _ACCELERATORS else None


def choose_precision(name: str, device: torch.device) -> Precision:
    """Turn ``auto`` into the fastest precision that the device does in hardware.

    bfloat16 on a CPU is a gain only with AMX or AVX512-BF16 instructions; elsewhere it is emulated.

    Raises:
        UsageError: Unknown precision.
    """
    if name == "float32":
        return "float32"
    if name == "bfloat16":
        return "bfloat16"
    if name != "auto":
        known = ["auto", "float32", "bfloat16"]
        raise UsageError(f"Unknown precision {name!r}.", hint=did_you_mean(name, known))
    if device.type == "cuda":
        return "bfloat16" if _gpu_has_bfloat16(device) else "float32"
    if device.type == "cpu" and _cpu_has_bfloat16():
        return "bfloat16"
    return "float32"


def _gpu_has_bfloat16(device: torch.device) -> bool:
    # By default torch's own query counts emulation, and it looks at the current device alone.
    if torch.version.hip:
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return torch.cuda.get_device_capability(device) >= _FIRST_WITH_BFLOAT16


def _cpu_has_bfloat16() -> bool:
    # The public capability query is young; without it (or off x86) float32 is the safe answer.
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(probe and probe())


def can_capture(device: torch.device) -> bool:
    """Whether torch can capture what a device is told as a graph (``torch.cuda.CUDAGraph``)."""
    return hasattr(torch.get_device_module(device), "CUDAGraph")


def device_name(device: torch.device) -> str:
    """The GPU's product name; an empty string on a CPU, and of what is not here."""
    if device.type != "cuda" or not is_here(device):
        return ""
    return torch.cuda.get_device_name(device)


def synchronize(device: torch.device) -> None:
    """Wait until all work queued on the device is done; on a CPU nothing is queued."""
    if device.type == "mps":
        # torch 2.6's accelerator takes mps for not initialised, and does not wait
        torch.mps.synchronize()
    elif device.type in _ACCELERATORS:
        torch.accelerator.synchronize(device)
