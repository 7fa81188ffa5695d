"""Blocks in full float32 hold for the whole process, and several threads may run one at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch
from regene_bench_plugins.extractors.float32 import full_float32

from regene_bench.runtime.process_state import kept_process_state

_CPU = torch.device("cpu")


def settings() -> tuple[bool, str]:
    return torch.backends.cudnn.allow_tf32, torch.get_float32_matmul_precision()


@pytest.fixture(autouse=True)
def _short_factors() -> Iterator[None]:
    with kept_process_state():
        torch.backends.cudnn.allow_tf32 = True
        torch.set_float32_matmul_precision("high")
        yield


def test_a_block_is_full_and_what_was_before_comes_back() -> None:
    with full_float32(_CPU):
        assert settings() == (False, "highest")
        with full_float32(_CPU):
            assert settings() == (False, "highest")
        assert settings() == (False, "highest")
    assert settings() == (True, "high")
    with pytest.raises(ValueError, match="within"), full_float32(_CPU):
        raise ValueError("within")
    assert settings() == (True, "high")


def test_a_thread_that_ends_first_leaves_the_other_one_full() -> None:
    begun, ended = threading.Event(), threading.Event()

    def other() -> None:
        with full_float32(_CPU):
            begun.set()
            ended.wait(30)

    thread = threading.Thread(target=other)
    with full_float32(_CPU):
        thread.start()
        assert begun.wait(30)
    # the first one has ended, within the other's block
    assert settings() == (False, "highest")
    ended.set()
    thread.join()
    assert settings() == (True, "high")
