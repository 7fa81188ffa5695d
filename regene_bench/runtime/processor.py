"""What this machine's processor is slow at."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

import torch
from torch.backends import mkldnn


def has_slow_float32_products() -> bool:
    """Whether torch's float32 matrix products take half of what the processor can do.

    Where it has AVX-512 and is AMD's: torch's library for them, Intel's MKL, takes instructions of
    256 bits there, and oneDNN, torch's library for convolutions, those of 512.
    """
    return _is_amds_with_avx512()


@cache
def _is_amds_with_avx512() -> bool:
    has_onednn = bool(mkldnn.is_available())  # type: ignore[no-untyped-call]
    if torch.backends.cpu.get_cpu_capability() != "AVX512" or not has_onednn:
        return False
    described = Path("/proc/cpuinfo")
    text = described.read_text(encoding="utf-8") if described.exists() else platform.processor()
    return "AuthenticAMD" in text
