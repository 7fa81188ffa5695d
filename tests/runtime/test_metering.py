"""Seconds and peak memory of a phase."""

from __future__ import annotations

import sys
import time

import pytest
import torch

from regene_bench.runtime.metering import Meter, metered

CPU = torch.device("cpu")


def test_seconds_are_wall_clock() -> None:
    with metered(CPU) as meter:
        time.sleep(0.05)
    assert 0.05 <= meter.seconds < 2


def test_a_phase_that_raises_is_metered_too() -> None:
    meter = Meter()

    def run() -> None:
        nonlocal meter
        with metered(CPU) as meter:
            time.sleep(0.02)
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        run()
    assert meter.seconds >= 0.02
    assert meter.peak_bytes > 0


def test_the_peak_sees_what_was_freed_within_the_phase() -> None:
    with metered(CPU) as before:
        pass
    with metered(CPU) as meter:
        block = torch.ones(200 * 2**20, dtype=torch.uint8)
        del block
    assert meter.peak_bytes >= before.peak_bytes + 150 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux resets the peak of a process")
def test_the_peak_of_one_phase_is_not_the_next_ones() -> None:
    with metered(CPU) as large:
        block = torch.ones(200 * 2**20, dtype=torch.uint8)
        del block
    with metered(CPU) as small:
        pass
    assert small.peak_bytes < large.peak_bytes - 100 * 2**20
