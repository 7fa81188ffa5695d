"""Captured steps train as steps one by one do; what cannot be captured is trained as ever.

There is no GPU here: graphs are those of the pretended device, which replay operations on the same
memory and with the same numbers as CUDA graphs do.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from typing import Any

import pytest
import torch

from regene_bench.testing.device.pretended import can_be_installed
from regene_bench.training.captured import WARM_UP, why_not_captured
from tests.methods.builders import make_runtime

from .builders import Tiny

pytestmark = pytest.mark.skipif(not can_be_installed(), reason="torch cannot pretend a device")
STEPS = 8


def told(*arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.on_pretended_device", *arguments],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def cases() -> dict[str, dict[str, Any]]:
    return {case["case"]: case for case in told("stages")}


def rate(step: int) -> float:
    """The rate of ``warmup_then_cosine``."""
    progress = step / STEPS
    if progress < 0.2:
        return 0.1 * (0.01 + 0.99 * progress / 0.2)
    fall = (progress - 0.2) / 0.8
    return 0.1 * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * fall)))


# Adam without memory moves by its rate, whatever the gradient
END = -sum(rate(step) for step in range(STEPS))


def test_a_step_is_recorded_once_and_rates_still_change(cases: dict[str, Any]) -> None:
    case = cases["_as_it_is"]
    assert case["told"] == []
    # three one by one, and the one that is recorded
    assert case["clocks"] == [0, 1, 2, 3]
    assert case["weight"] == pytest.approx(END, rel=1e-5)


def test_batches_and_weights_change_in_a_replay(cases: dict[str, Any]) -> None:
    """The last loss is of the last batch: the epoch's labels, each once, sum up to all."""
    last = cases["_as_it_is"]["losses"]["loss"]
    weight = -sum(rate(step) for step in range(STEPS - 1))
    mean_label = last / weight / (1 + (STEPS - 1) / STEPS)
    assert mean_label * 4 == pytest.approx(round(mean_label * 4), abs=1e-3)
    assert cases["_waits"]["losses"]["loss"] == pytest.approx(last, rel=1e-5)


def test_each_stretch_is_recorded_anew(cases: dict[str, Any]) -> None:
    case = cases["_two_stretches"]
    assert case["clocks"] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert case["weight"] == pytest.approx(END, rel=1e-5)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("_says_nothing", "it does not say that its steps can be captured (Stage.stretch)"),
        ("_with_sgd", "torch cannot capture SGD"),
        ("_waits", "a step waits for the device"),
        ("_waits_once", "operation not permitted when stream is capturing: a number read"),
    ],
)
def test_what_cannot_be_captured_trains_as_ever_and_says_why(
    case: str, why: str, cases: dict[str, Any]
) -> None:
    found = cases[case]
    assert found["error"] == ""
    assert len(found["told"]) == 1
    assert found["told"][0].startswith(f"test: line is not captured: {why}")
    if case == "_waits_once":
        # the step that could not be recorded is done after all, and once
        assert found["clocks"] == [0, 1, 2, 3, 3, 4, 5, 6, 7]
    else:
        assert found["clocks"] == [0, 1, 2, 3, 4, 5, 6, 7]
    if case != "_with_sgd":
        assert found["weight"] == pytest.approx(END, rel=1e-5)


def test_a_replay_that_diverges_is_found_with_its_step(cases: dict[str, Any]) -> None:
    assert cases["_diverges"]["error"].startswith(
        "TrainingDivergedError: line diverged at step 5 (epoch 0.62): loss = -inf"
    )


def test_what_was_interrupted_goes_on_captured(cases: dict[str, Any]) -> None:
    case = cases["interrupted"]
    assert case["told"] == ["test: line goes on at 75%"]
    assert case["clocks"] == [6, 7]
    assert case["weight"] == pytest.approx(END, rel=1e-5)
    # who goes on may capture nothing
    assert case["group"] == {"lr": pytest.approx(rate(5)), "capturable": False}


def test_trainings_are_equal_to_the_bit(cases: dict[str, Any]) -> None:
    """Of a GAN, networks with a weight that falls, several stages, and a moving average."""
    stages = {"cgan": 1, "ccvae": 2, "regene": 2, "edm": 1}
    for found in told("methods", *stages):
        assert found["different"] == [], found["method"]
        assert found["tensors"] > 10
        # few classes make few of ReGene's steps
        assert found["replays"] == stages[found["method"]] * (STEPS - WARM_UP)


def test_there_is_nothing_to_capture_on_a_cpu(tmp_path: Any) -> None:
    tiny = Tiny(make_runtime(tmp_path))
    why = why_not_captured(tiny.stage(), torch.device("cpu"))
    assert why == "steps are captured on CUDA, not on cpu"
