"""Whether a plugin keeps to its device is seen on a pretended one, with the line that does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .device_faults import EXTRACTORS, METHODS, METRICS, WaitsNowAndThen
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


def test_waits_before_training_and_between_stages_are_no_fault(tmp_path: Path) -> None:
    result = result_of("method", CHECK, subject_of("method", WaitsNowAndThen, tmp_path))
    assert result.status == "passed", result.found
