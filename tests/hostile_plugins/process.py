"""What a call must leave of the process as it found it."""

from __future__ import annotations

import os
import random
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch


def process_state() -> dict[str, Any]:
    """Look at all that a plugin can change for others, as values that can be compared."""
    return {
        "default type": torch.get_default_dtype(),
        "default device": torch.get_default_device(),
        "gradients": torch.is_grad_enabled(),
        "determinism": torch.are_deterministic_algorithms_enabled(),
        "threads": torch.get_num_threads(),
        "products": torch.get_float32_matmul_precision(),
        "generator of torch": torch.get_rng_state().tolist(),
        "generator of NumPy": str(np.random.get_state()),
        "generator of Python": random.getstate(),
        "errors of NumPy": np.geterr(),
        "working folder": Path.cwd(),
        "interrupts": signal.getsignal(signal.SIGINT),
        "warnings are errors": ("error", None, Warning, None, 0) in warnings.filters,
        "output": (sys.stdout, sys.stderr),
        "cache": os.environ.get("REGENE_BENCH_CACHE"),
    }
