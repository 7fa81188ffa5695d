"""The collector of cycles is held back for a while, and is as it was afterwards."""

from __future__ import annotations

import gc

import pytest

from regene_bench.base.collecting import without_collecting


def test_the_collector_is_held_back_and_goes_on_whatever_happens() -> None:
    def fail() -> None:
        with without_collecting():
            assert not gc.isenabled()
            raise KeyError

    assert gc.isenabled()
    with pytest.raises(KeyError):
        fail()
    assert gc.isenabled()


def test_one_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with without_collecting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
