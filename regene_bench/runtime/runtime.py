"""What a run computes on: device, precision, seed, and its ties to checkpoints and progress."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch

from regene_bench.base.errors import UsageError, did_you_mean
from regene_bench.base.events import Event, Progress, Sink, silent
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.random import derive_seed, seeded
from regene_bench.runtime.stages import StageReport
from regene_bench.runtime.stop import StopRequest

Precision = Literal["float32", "bfloat16"]
# compute capability of Ampere
_FIRST_WITH_BFLOAT16 = (8, 0)


@dataclass(frozen=True)
class Runtime:
    """Handed to every method and extractor.

    Attributes:
        device: Where tensors live.
        precision: Arithmetic inside ``autocast``; weights stay float32.
        seed: Seed of the run; all draws derive from it by name.
        checkpoints: Where training keeps its state.
        stop: Looked at between steps.
        emit: Takes progress events.
        task: Prefix of the names of progress tasks (``"regene · seed 0"``).
        ledger: Reports of the stages that ended, for the accounts of time and images.
    """

    device: torch.device
    precision: Precision
    seed: int
    checkpoints: CheckpointStore
    stop: StopRequest = field(default_factory=StopRequest)
    emit: Sink = silent
    task: str = ""
    ledger: list[StageReport] = field(default_factory=list)

    def autocast(self) -> AbstractContextManager[Any]:
        """Run a block in the runtime's precision."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def seeded(self, *parts: object) -> AbstractContextManager[None]:
        """Run a block under global generators seeded by the run's seed and ``parts``."""
        return seeded(self.seed, *parts)

    def derive_seed(self, *parts: object) -> int:
        """A seed for a local generator, from the run's seed and ``parts``."""
        return derive_seed(self.seed, *parts)

    def progress(
        self,
        task: str,
        done: float,
        total: float,
        unit: str = "images",
        values: Mapping[str, float] | None = None,
    ) -> None:
        """Tell how far a piece of work is."""
        name = f"{self.task}: {task}" if self.task else task
        self.emit(Progress(name, done, total, unit, dict(values or {})))

    def tell(self, event: Event) -> None:
        """Pass an event on."""
        self.emit(event)

    def named(self, task: str) -> Runtime:
        """The same runtime with another progress prefix."""
        return replace(self, task=task)


def choose_device(name: str = "auto") -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps`` into a device that is present.

    Raises:
        UsageError: No such device here.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind, _, index = name.partition(":")
    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if kind not in present or (index and not index.isdigit()):
        raise UsageError(f"Unknown device {name!r}.", hint=did_you_mean(kind, [*present, "auto"]))
    if not present[kind]:
        raise UsageError(f"Device {name!r} is not present.", hint="Use --device auto or cpu.")
    if kind == "cuda" and index and int(index) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise UsageError(f"Device {name!r} is not present.", hint=f"There are {count} of them.")
    return torch.device(name)


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


def make_deterministic() -> None:
    """Ask torch for deterministic kernels; it warns where there are none."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Filling fresh memory finds reads of uninitialised values, at a tenth of the training time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False


def device_name(device: torch.device) -> str:
    """The GPU's product name, or an empty string on a CPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else ""
