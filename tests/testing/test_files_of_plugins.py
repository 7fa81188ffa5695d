"""Studies and reported numbers: each fault of a file is found by the check that is for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regene_bench.base.events import silent
from regene_bench.plan.reported import parse_reported
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import load_plugins
from regene_bench.studies.definition import parse_study
from regene_bench.testing import reported, studies

from .subjects import results_of

STUDY = """
name = "mine"
version = 1
title = "a study"
source = "nobody"
benchmarks = ["digits"]
methods = "real,cgan[noise_dim=0|8]"
metrics = ["neutral"]
settings = ["cgan.images=640"]

[presets.paper]
seeds = "3"

[[figures]]
kind = "score_table"
[figures.options]
columns = ["accuracy_neutral"]
"""
LINE = "digits,cgan,fid,,10.5,,,A paper,Table 1,"
HEADER = "benchmark,method,metric,class,value,std,n,source,where,note"


def of_study(text: str, folder: Path) -> dict[str, Any]:
    entry = Entry("study", "mine", "tests", "1", "nowhere:mine.toml", "a study")
    subject = studies.Subject(entry, folder, load_plugins(), silent)
    subject.study = parse_study(text, "mine.toml")
    return results_of("study", subject)


def of_reported(lines: list[str], folder: Path) -> dict[str, Any]:
    entry = Entry("reported", "mine", "tests", "1", "nowhere:mine.csv", "numbers")
    subject = reported.Subject(entry, folder, load_plugins(), silent)
    subject.numbers = list(parse_reported("\n".join([HEADER, *lines]), "mine.csv"))
    return results_of("reported", subject)


def failed(results: dict[str, Any]) -> set[str]:
    # the file of these is nowhere
    return {n for n, r in results.items() if r.status == "failed"} - {"is-described"}


def test_a_good_study_passes(tmp_path: Path) -> None:
    assert failed(of_study(STUDY, tmp_path)) == set()


@pytest.mark.parametrize(
    ("old", "new", "found_by", "word"),
    [
        ('name = "mine"', 'name = "other"', "the-study-is-valid", "'other'"),
        ('title = "a study"', 'title = ""', "the-study-is-valid", "title"),
        ('"score_table"', '"score_tabel"', "its-figures-are-registered", "'score_table'"),
        ("columns", "column", "its-figures-are-registered", "columns"),
        ('"digits"', '"digit"', "its-runs-can-be-planned", "'digits'"),
        ("noise_dim", "noise", "its-runs-can-be-planned", "noise"),
        ("cgan.images", "ugan.images", "its-runs-can-be-planned", "ugan"),
        ('"neutral"]', '"neutrl"]', "its-runs-can-be-planned", "'neutral'"),
        ('seeds = "3"', 'methods = "gan"', "its-runs-can-be-planned", "preset paper"),
    ],
)
def test_a_fault_of_a_study_is_found(
    old: str, new: str, found_by: str, word: str, tmp_path: Path
) -> None:
    assert old in STUDY
    results = of_study(STUDY.replace(old, new), tmp_path)
    assert failed(results) == {found_by}
    assert word in results[found_by].found


def test_a_study_that_cannot_be_read_is_told_of_once(tmp_path: Path) -> None:
    entry = Entry("study", "mine", "tests", "1", "nowhere:mine.toml", "a study")
    results = results_of("study", studies.Subject(entry, tmp_path, load_plugins(), silent))
    assert failed(results) == {"the-study-is-valid"}
    for name in ("its-figures-are-registered", "its-runs-can-be-planned"):
        assert results[name].found == "the file is not valid: see the-study-is-valid"


def test_good_numbers_pass(tmp_path: Path) -> None:
    other = LINE.replace("cgan", "regene")
    assert failed(of_reported([LINE, other], tmp_path)) == set()


@pytest.mark.parametrize(
    ("lines", "found_by"),
    [
        ([LINE, LINE], "no-number-stands-twice"),
        ([LINE.replace("digits", "digit")], "its-benchmarks-are-registered"),
        ([], "every-line-is-valid"),
    ],
)
def test_a_fault_of_numbers_is_found(lines: list[str], found_by: str, tmp_path: Path) -> None:
    assert failed(of_reported(lines, tmp_path)) == {found_by}
