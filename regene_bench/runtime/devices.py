"""Several devices for one call: which worker process computes on which, and what it sees of them.

A process that sees one GPU alone cannot put anything on another by mistake, and its libraries
reserve memory on that one only. So each worker is shown its card by ``CUDA_VISIBLE_DEVICES`` before
it touches CUDA, and calls it ``cuda:0``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from regene_bench.base.errors import UsageError
from regene_bench.runtime.device import choose_device, device_name

_VISIBLE = "CUDA_VISIBLE_DEVICES"
ALL = "all"
"""Every GPU that torch sees."""


@dataclass(frozen=True)
class Place:
    """Where one worker process computes.

    Attributes:
        device: As that process calls it.
        threads: How many torch computes with there.
        visible: What ``CUDA_VISIBLE_DEVICES`` is there; ``None`` to leave it.
    """

    device: str
    threads: int = 1
    visible: str | None = None


def choose_devices(text: str, *, mixed: bool = False) -> tuple[str, ...]:
    """Read ``cuda:0,cuda:1``, ``cpu,cpu`` or ``all``.

    Args:
        text: Names with commas between; one that comes twice has two shares of the workers.
        mixed: Whether devices of several models may work on one call.

    Raises:
        UsageError: A device is not present, has no number, or is of another model than the first.
    """
    if text.strip() == ALL:
        count = torch.cuda.device_count()
        if count == 0:
            raise UsageError("--devices all: there is no GPU.", hint="Use --workers alone.")
        names = tuple(f"cuda:{number}" for number in range(count))
    else:
        names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise UsageError("--devices names none.", hint="Examples: cuda:0,cuda:1 or all.")
    for name in names:
        if name in ("auto", "cuda"):
            raise UsageError(
                f"--devices: {name!r} is no certain device.", hint="Write cuda:0,cuda:1, or all."
            )
    models = [_model(choose_device(name)) for name in names]
    other = next((k for k, model in enumerate(models) if model != models[0]), None)
    if other is not None and not mixed:
        raise UsageError(
            f"{names[0]} is a {models[0]}, and {names[other]} a {models[other]}: their times do "
            "not compare, and neither do the last digits of what they compute.",
            hint="Name devices of one model, or add --mixed-devices.",
        )
    return names


def choose_together(device: str, devices: Sequence[str]) -> tuple[torch.device, ...]:
    """Choose the devices that compute one thing together; the first has the data.

    Args:
        device: As of ``choose_device``, where no others are named.
        devices: Names, or ``all`` alone; empty for ``device``.

    Raises:
        UsageError: As of ``choose_devices``, or both were given.
    """
    if not devices:
        return (choose_device(device),)
    names = choose_devices(",".join(devices))
    check_one_way(device, names)
    return (torch.device(names[0]), *helpers_of(names))


def helpers_of(devices: Sequence[str]) -> list[torch.device]:
    """Give the devices that can help the first one to compute what it computes.

    A GPU helps once, however often it is named, and one of another model does not: its last digits
    are others.
    """
    first, *others = map(torch.device, devices)
    own = _model(first)
    cpus = [device for device in others if device.type == "cpu"]
    gpus = dict.fromkeys(device for device in others if device.type != "cpu" and device != first)
    return [device for device in (*cpus, *gpus) if _model(device) == own]


def check_one_way(device: str, devices: Sequence[str]) -> None:
    """Refuse a device beside several whose first it is not.

    Raises:
        UsageError: It is another one.
    """
    if device not in ("auto", devices[0]):
        raise UsageError(
            f"Both --device {device} and --devices {','.join(devices)} were given.",
            hint="Give one of them.",
        )


def places(devices: Sequence[str], each: int, cores: int) -> list[Place]:
    """Say where worker processes compute, in turn on each device.

    A worker on a CPU takes one thread, whatever else there is, so that scores do not depend on how
    many there are. Those on GPUs share the cores, since they decode and augment images there.

    Args:
        devices: As of ``choose_devices``.
        each: Workers on each of them.
        cores: Of this machine.
    """
    count = each * len(devices)
    return [_place(device, max(1, cores // count)) for _ in range(each) for device in devices]


def _place(device: str, threads: int) -> Place:
    kind, _, number = device.partition(":")
    if kind != "cuda":
        return Place(device)
    shown = [name for name in os.environ.get(_VISIBLE, "").split(",") if name.strip()]
    return Place("cuda:0", threads, shown[int(number)] if shown else number)


def show_only(visible: str | None) -> None:
    """Have CUDA see the named card alone; to be called before anything touches it."""
    if visible is not None:
        os.environ[_VISIBLE] = visible


def _model(device: torch.device) -> str:
    return device_name(device) or device.type
