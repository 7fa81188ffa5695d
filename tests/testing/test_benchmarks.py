"""A protocol that keeps its contracts passes; each fault is found by the check that is for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regene_bench.base.events import silent
from regene_bench.plan.protocol import parse_benchmark
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import load_plugins
from regene_bench.testing.benchmarks import Subject
from tests.conftest import tiny_protocol_text

from .subjects import result_of, results_of

GOOD = tiny_protocol_text("neutral", rank_by="accuracy_neutral").replace(
    "version = 1", 'version = 1\ndescription = "a few digits"', 1
)


def subject(folder: Path, text: str = GOOD, name: str = "tiny") -> Any:
    entry = Entry("benchmark", name, "tests", "1", "nowhere:tiny.toml", "a few digits")
    found = Subject(entry, folder, load_plugins(), silent)
    found.benchmark = parse_benchmark(text, "tiny.toml")
    return found


def without_class(text: str) -> str:
    return text.replace("classes = 10", "classes = 9")


def test_a_good_protocol_passes_everything(tmp_path: Path) -> None:
    results = results_of("benchmark", subject(tmp_path))
    # the class of a benchmark is a file, which this one does not have
    del results["is-described"]
    assert {n: r.found for n, r in results.items() if r.status != "passed"} == {}


@pytest.mark.parametrize(
    ("old", "new", "found_by", "word"),
    [
        ('description = "a few digits"', "", "the-protocol-is-valid", "description"),
        ('["real"]', '["reel"]', "everything-it-names-is-registered", "'real'"),
        ('"digits"', '"digit"', "everything-it-names-is-registered", "'digits'"),
        ('"accuracy_neutral"', '"accuracy"', "everything-it-names-is-registered", "rank_by"),
        ("extractors.neutral", "extractors.neutrl", "everything-it-names-is-registered", "neutral"),
    ],
)
def test_a_fault_is_found(old: str, new: str, found_by: str, word: str, tmp_path: Path) -> None:
    assert old in GOOD
    result = result_of("benchmark", found_by, subject(tmp_path, GOOD.replace(old, new)))
    assert result.status == "failed"
    assert word in result.found


def test_a_name_that_is_not_the_registered_one_is_found(tmp_path: Path) -> None:
    result = result_of("benchmark", "the-protocol-is-valid", subject(tmp_path, name="small"))
    assert (result.status, "'tiny'" in result.found) == ("failed", True)


def test_data_of_another_number_of_classes_are_found(tmp_path: Path) -> None:
    found = subject(tmp_path, without_class(GOOD))
    result = result_of("benchmark", "its-data-are-what-it-says", found)
    assert result.status in ("failed", "skipped")
    assert "10" in result.found or "9" in result.found
