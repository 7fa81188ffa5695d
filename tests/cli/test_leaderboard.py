"""``leaderboard``: from a results folder to tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from regene_bench.leaderboard.parts import write_part
from tests.cli.conftest import Cli
from tests.leaderboard.helpers import record, score


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    for i, method in enumerate(("cgan", "regene")):
        scores = (
            score("fid", 5.0 - i),
            score("fd_efficientnet_lite0", 1.0 + i),
            score("trials", 3.0, direction="none", class_name="7"),
        )
        write_part(folder, record(method, method=method, scores=scores))
    return folder


def methods(text: str) -> list[str]:
    return [line["method"] for line in json.loads(text)[0]["lines"]]


@pytest.mark.usefixtures("results")
def test_ranked_as_the_protocol_says_or_as_asked(cli: Cli) -> None:
    assert methods(cli("leaderboard", "digits", "--format", "json").stdout) == ["cgan", "regene"]
    asked = cli("leaderboard", "--format", "json", "--by", "fid").stdout
    assert methods(asked) == ["regene", "cgan"]


@pytest.mark.usefixtures("results")
@pytest.mark.parametrize(
    ("form", "part"),
    [("table", "rank"), ("md", "| rank |"), ("csv", "benchmark,"), ("latex", "\\toprule")],
)
def test_formats(cli: Cli, form: str, part: str) -> None:
    done = cli("leaderboard", "--format", form)
    assert done.returncode == 0
    assert part in done.stdout


@pytest.mark.usefixtures("results")
def test_per_class(cli: Cli) -> None:
    done = cli("leaderboard", "--per-class")
    assert "trials per class" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("digit",), "Did you mean 'digits'?"),
        (("--format", "cvs"), "Did you mean 'csv'?"),
        (("--by", "fids"), "Did you mean 'fid'?"),
        (("--by", "fid", "--preset", "paper"), "There are no such runs"),
        (("--results", "nowhere"), "nowhere has no runs"),
    ],
)
@pytest.mark.usefixtures("results")
def test_mistakes_get_a_clear_answer(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    done = cli("leaderboard", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_bad_files_are_named_and_kept(cli: Cli, results: Path) -> None:
    torn = results / "leaderboard" / "digits" / "torn.parquet"
    torn.write_bytes(b"PAR1")
    done = cli("leaderboard")
    assert done.returncode == 0
    assert f"skipped {Path('results') / 'leaderboard' / 'digits' / 'torn.parquet'}" in done.stderr
    assert torn.read_bytes() == b"PAR1"


def test_a_benchmark_that_is_not_installed_any_more(cli: Cli, results: Path) -> None:
    write_part(results, record("x", benchmark="gone"))
    assert "gone v1" in cli("leaderboard", "gone").stdout
