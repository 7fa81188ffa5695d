"""Whether a plugin keeps to its device is seen on a pretended one, with the line that does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from .device_faults import (
    EXTRACTORS,
    METHODS,
    METRICS,
    CapturesEachStretch,
    CapturesItsSteps,
    Dies,
    ReadsTheLossOnceAnEpoch,
    RefusesAShortTraining,
    Talkative,
    WaitsNowAndThen,
)
from .good_method import Good
from .subjects import result_of, subject_of

CHECK = "keeps-to-its-device"
FAULTS = [
    *(("method", fault) for fault in METHODS),
    *(("metric", fault) for fault in METRICS),
    *(("extractor", fault) for fault in EXTRACTORS),
]


@pytest.mark.parametrize(
    ("kind", "fault"), FAULTS, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_fault_is_found_in_its_line(kind: str, fault: Any, tmp_path: Path) -> None:
    result = result_of(kind, CHECK, subject_of(kind, fault, tmp_path))
    assert result.status == "failed", result.found
    assert fault.says in result.found
    assert result.found.endswith(fault.line)


@pytest.mark.parametrize(
    "method",
    [
        WaitsNowAndThen,
        ReadsTheLossOnceAnEpoch,
        RefusesAShortTraining,
        Talkative,
        CapturesItsSteps,
        CapturesEachStretch,
    ],
)
def test_what_is_no_fault_passes(method: type, tmp_path: Path) -> None:
    result = result_of("method", CHECK, subject_of("method", method, tmp_path))
    assert result.status == "passed", result.found


def test_a_plugin_that_ends_its_process_fails_and_the_next_one_is_looked_at(tmp_path: Path) -> None:
    result = result_of("method", CHECK, subject_of("method", Dies, tmp_path))
    assert result.status == "failed"
    assert result.found.startswith("it ends the process that it is tried in: exit code 3;")
    assert "good night" in result.found
    result = result_of("method", CHECK, subject_of("method", Good, tmp_path))
    assert result.status == "passed", result.found


def test_the_process_that_asks_is_left_as_it_is(tmp_path: Path) -> None:
    result_of("method", CHECK, subject_of("method", Good, tmp_path))
    assert torch._C._get_privateuse1_backend_name() == "privateuseone"
    assert not hasattr(torch, "pretended")
