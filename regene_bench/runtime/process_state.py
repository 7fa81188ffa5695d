"""State of the process that a call into somebody else's code may leave changed.

torch and NumPy are not imported for it: where they are not loaded, nothing was computed yet.
"""

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

_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2", "SIGXCPU")
    if hasattr(signal, name)
)
_OUR_VARIABLES = "REGENE_BENCH_"
_CUDNN = ("benchmark", "deterministic", "enabled")


@contextmanager
def kept_process_state(*, importing: bool = False) -> Iterator[None]:
    """Put back what the code within changes for the whole process, however it ends.

    That is: torch's default type and device, gradient mode, determinism, anomaly detection, choice
    of algorithms, number of threads and precision of float32 products; what NumPy does at overflows
    and divisions by zero; the global random generators of torch, NumPy and Python; the working
    folder; our environment variables; handlers of the signals that end a call; filters of warnings;
    standard output and error.

    Args:
        importing: Leave the filters of warnings: libraries set them once, when they are imported.
    """
    with ExitStack() as stack:
        for kept in (_torch_modes, _generators, _handlers, _folder_and_streams, _variables):
            stack.enter_context(kept())
        if not importing:
            stack.enter_context(_warnings())
        yield


def seed_global_generators(seed: int) -> None:
    """Seed the global random generators of torch, NumPy and Python; ``seed`` is in [0, 2^32)."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@contextmanager
def _torch_modes() -> Iterator[None]:
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    dtype, grad, device = (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.get_default_device(),
    )
    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    threads, products = torch.get_num_threads(), torch.get_float32_matmul_precision()
    anomalies, cudnn = torch.is_anomaly_enabled(), torch.backends.cudnn
    flags = {name: getattr(cudnn, name) for name in _CUDNN}
    try:
        yield
    finally:
        if torch.get_default_device() != device:
            # None: without one, new tensors are on the CPU and cost no look at a mode
            torch.set_default_device(None if device.type == "cpu" else device)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        now = torch.are_deterministic_algorithms_enabled()
        if (now, torch.is_deterministic_algorithms_warn_only_enabled()) != (enabled, warn_only):
            from regene_bench.runtime.determinism import set_determinism

            set_determinism(enabled, warn_only=warn_only)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        if torch.get_float32_matmul_precision() != products:
            torch.set_float32_matmul_precision(products)
        if torch.is_anomaly_enabled() != anomalies:
            torch.autograd.set_detect_anomaly(anomalies)
        for name, value in flags.items():
            if getattr(cudnn, name) != value:
                setattr(cudnn, name, value)


@contextmanager
def _generators() -> Iterator[None]:
    numpy, torch, python = sys.modules.get("numpy"), sys.modules.get("torch"), random.getstate()
    array, errors = (numpy.random.get_state(), numpy.geterr()) if numpy else (None, {})
    tensors = torch.get_rng_state() if torch else None
    on_gpus = torch.cuda.get_rng_state_all() if torch and torch.cuda.is_initialized() else []
    try:
        yield
    finally:
        random.setstate(python)
        if numpy is not None:
            numpy.random.set_state(array)
            numpy.seterr(**errors)
        if torch is not None:
            torch.set_rng_state(tensors)
            if on_gpus:
                torch.cuda.set_rng_state_all(on_gpus)


@contextmanager
def _variables() -> Iterator[None]:
    """Ours say where caches and data lie; others' are their libraries' business."""
    before = _our_variables()
    try:
        yield
    finally:
        for name in _our_variables().keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def _our_variables() -> dict[str, str]:
    # looked at around every call into a plugin: values of others are not even decoded
    return {name: os.environ[name] for name in os.environ if name.startswith(_OUR_VARIABLES)}


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
