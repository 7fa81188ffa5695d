"""A method that keeps its contracts passes; each fault is found by the check that is for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.testing import checks_for

from .faulty_methods import FAULTY, BatchNorm, Forgetful
from .good_method import Good
from .subjects import UNREGISTERED, result_of, results_of, subject_of


def test_a_good_method_passes_everything(tmp_path: Path) -> None:
    results = results_of("method", subject_of("method", Good, tmp_path))
    failed = {name: r.found for name, r in results.items() if r.status == "failed"}
    assert failed == {}
    skipped = {name for name, r in results.items() if r.status == "skipped"}
    assert skipped == {"capabilities-keep-their-shapes", "training-together-changes-nothing"}


@pytest.mark.parametrize("method", FAULTY, ids=lambda method: method.__name__)
def test_a_fault_is_found(method: type, tmp_path: Path) -> None:
    result = result_of("method", method.found_by, subject_of("method", method, tmp_path))
    assert result.status == "failed", result.found
    assert result.found
    assert result.check.remedy in " ".join(result.explain(10_000).split())


def test_there_is_a_fault_for_every_check() -> None:
    names = {check.name for check in checks_for("method")}
    assert {method.found_by for method in FAULTY} == names - {UNREGISTERED}


def test_a_method_that_trains_nothing_has_nothing_to_resume(tmp_path: Path) -> None:
    subject = subject_of("method", Untrained, tmp_path)
    result = result_of("method", "interrupted-training-goes-on", subject)
    assert result.status == "skipped"
    assert "stop request" in result.found


class Untrained(Good):
    """Learns nothing."""

    def train(self, model: object, data: object, runtime: object) -> None:
        pass


def test_the_numbers_found_are_told(tmp_path: Path) -> None:
    result = result_of("method", BatchNorm.found_by, subject_of("method", BatchNorm, tmp_path))
    assert "in batches of 1, 66 of 66 samples" in result.found
    result = result_of("method", Forgetful.found_by, subject_of("method", Forgetful, tmp_path))
    assert "off by up to" in result.found
