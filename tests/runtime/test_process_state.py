"""Whatever code leaves changed for the whole process is as it was afterwards."""

from __future__ import annotations

import os
import random
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from regene_bench.runtime.process_state import kept_process_state


def _seed_all() -> None:
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)


def _draws() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))


CHANGES: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "default type": (torch.get_default_dtype, lambda: torch.set_default_dtype(torch.float64)),
    "gradients": (torch.is_grad_enabled, lambda: torch.set_grad_enabled(False)),
    "determinism": (
        torch.are_deterministic_algorithms_enabled,
        lambda: torch.use_deterministic_algorithms(
            not torch.are_deterministic_algorithms_enabled(), warn_only=True
        ),
    ),
    "threads": (torch.get_num_threads, lambda: torch.set_num_threads(3)),
    "products": (
        torch.get_float32_matmul_precision,
        lambda: torch.set_float32_matmul_precision("medium"),
    ),
    "device": (torch.get_default_device, lambda: torch.set_default_device("meta")),
    "anomalies": (torch.is_anomaly_enabled, lambda: torch.autograd.set_detect_anomaly(True)),
    "algorithms": (
        lambda: torch.backends.cudnn.benchmark,
        lambda: setattr(torch.backends.cudnn, "benchmark", not torch.backends.cudnn.benchmark),
    ),
    "overflows": (np.geterr, lambda: np.seterr(all="raise")),
    "our variables": (
        lambda: os.environ.get("REGENE_BENCH_CACHE"),
        lambda: os.environ.update(REGENE_BENCH_CACHE="/nowhere"),
    ),
    "new variables": (
        lambda: os.environ.get("REGENE_BENCH_NEW"),
        lambda: os.environ.update(REGENE_BENCH_NEW="1"),
    ),
    "folder": (os.getcwd, lambda: os.chdir("/")),
    "interrupts": (
        lambda: signal.getsignal(signal.SIGINT),
        lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    ),
    "output": (lambda: sys.stdout, lambda: setattr(sys, "stdout", sys.stderr)),
    "warnings": (
        lambda: list(warnings.filters),
        lambda: warnings.simplefilter("error"),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_it_is_put_back(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    look, change = CHANGES[name]
    if name == "interrupts":  # which a shell's background jobs ignore
        signal.signal(signal.SIGINT, signal.default_int_handler)
    before = look()
    with kept_process_state():
        change()
        assert look() != before
    assert look() == before


def test_it_is_put_back_after_an_error() -> None:
    with pytest.raises(ValueError, match="no"), kept_process_state():  # noqa: PT012
        torch.set_default_dtype(torch.float64)
        raise ValueError("no")
    assert torch.get_default_dtype() == torch.float32


def test_generators_go_on_where_they_were() -> None:
    _seed_all()
    undisturbed = _draws(), _draws()
    _seed_all()
    first = _draws()
    with kept_process_state():
        _draws()
        torch.manual_seed(7)
    assert (first, _draws()) == undisturbed


def test_a_folder_that_is_gone_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    with kept_process_state():
        gone.rmdir()
        os.chdir(tmp_path)
    # it cannot be gone back to
    assert Path.cwd() == tmp_path


def test_what_is_warned_of_once_is_not_warned_of_again() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            with kept_process_state():
                warnings.warn("once", UserWarning, stacklevel=1)
    assert len(caught) == 1


def test_filters_that_a_library_sets_while_it_is_imported_stay() -> None:
    with warnings.catch_warnings():
        with kept_process_state(importing=True):
            warnings.filterwarnings("ignore", message="of a library")
        assert "of a library" in str(warnings.filters)
