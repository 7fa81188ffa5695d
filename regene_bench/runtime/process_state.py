"""State of the process that a call into somebody else's code may leave changed."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
import torch

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def kept_process_state() -> Iterator[None]:
    """Put back what the code within changes for the whole process, however it ends.

    That is: torch's default type, gradient mode, determinism, number of threads and precision of
    float32 products; the global random generators of torch, NumPy and Python; the working folder;
    handlers of SIGINT, SIGTERM and SIGHUP; filters of warnings; standard output and error.
    """
    with ExitStack() as stack:
        for kept in (_torch_modes, _generators, _handlers, _folder_and_streams, _warnings):
            stack.enter_context(kept())
        yield


def seed_global_generators(seed: int) -> None:
    """Seed the global random generators of torch, NumPy and Python; ``seed`` is in [0, 2^32)."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@contextmanager
def _torch_modes() -> Iterator[None]:
    dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    threads, products = torch.get_num_threads(), torch.get_float32_matmul_precision()
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        if torch.get_float32_matmul_precision() != products:
            torch.set_float32_matmul_precision(products)


@contextmanager
def _generators() -> Iterator[None]:
    python, array, tensors = random.getstate(), np.random.get_state(), torch.get_rng_state()
    on_gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(array)
        torch.set_rng_state(tensors)
        if on_gpus:
            torch.cuda.set_rng_state_all(on_gpus)


@contextmanager
def _handlers() -> Iterator[None]:
    # elsewhere Python sets no handlers
    own = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in _SIGNALS} if own else {}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None: set by other means than Python's, which cannot set it again
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


@contextmanager
def _folder_and_streams() -> Iterator[None]:
    out, err, folder = sys.stdout, sys.stderr, _working_folder()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err
        if folder is not None and _working_folder() != folder:
            # a folder that is gone cannot be gone back to
            with suppress(OSError):
                os.chdir(folder)


def _working_folder() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # it was removed
        return None


@contextmanager
def _warnings() -> Iterator[None]:
    # not `catch_warnings`, after which all that is shown once is shown once more
    show, filters = warnings.showwarning, list(warnings.filters)
    try:
        yield
    finally:
        warnings.showwarning = show
        if list(warnings.filters) != filters:
            # forgets what was decided by the others
            warnings.resetwarnings()
            warnings.filters[:] = filters  # type: ignore[index]
