"""Whether torch takes kernels that give the same result every time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# What torch's compiler reads as it is imported, by its own module of settings.
_COMPILER, _COMPILERS_VARIABLE = "torch._inductor.config", "TORCHINDUCTOR_DETERMINISTIC"


def make_deterministic() -> None:
    """Ask torch for deterministic kernels; it warns where there are none."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    set_determinism(True)
    # Filling fresh memory finds reads of uninitialised values, at a tenth of the training time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False


def make_fast() -> None:
    """Let torch take the fastest kernels, be they deterministic or not; cuDNN tries what it has."""
    set_determinism(False)
    torch.backends.cudnn.benchmark = True


@contextmanager
def deterministic() -> Iterator[None]:
    """Measure deterministically, and leave the caller's torch as it was."""
    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    fill = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    benchmark = torch.backends.cudnn.benchmark
    variable = os.environ.get(_COMPILERS_VARIABLE)
    make_deterministic()
    try:
        yield
    finally:
        set_determinism(enabled, warn_only=warn_only)
        _set_variable(variable)
        torch.utils.deterministic.fill_uninitialized_memory = fill  # type: ignore[attr-defined]
        torch.backends.cudnn.benchmark = benchmark


def set_determinism(enabled: bool, *, warn_only: bool = True) -> None:
    """Do what ``torch.use_deterministic_algorithms`` does, without two seconds of imports.

    That imports torch's compiler to tell it, too. One that nobody has imported yet is told by the
    variable that it reads when it is.

    Args:
        enabled: Whether kernels are deterministic.
        warn_only: Warn where there is no such kernel, and do not raise; of no account where kernels
            need not be deterministic.
    """
    _set_variable("1" if enabled else None)
    if _COMPILER in sys.modules:
        torch.use_deterministic_algorithms(enabled, warn_only=enabled and warn_only)
    else:
        mode = "warn" if warn_only else "error"
        torch.set_deterministic_debug_mode(mode if enabled else "default")


def _set_variable(value: str | None) -> None:
    if value is None:
        os.environ.pop(_COMPILERS_VARIABLE, None)
    else:
        os.environ[_COMPILERS_VARIABLE] = value
