"""``publish`` and ``merge``: what the command line says and which exit code it has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.parts import write_part
from tests.cli.conftest import Cli
from tests.leaderboard.helpers import record, score
from tests.publish.hub_server import Hub, running_hub
from tests.publish.results import add_picture, write_results


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write_results(tmp_path / "results")


@pytest.mark.usefixtures("results")
def test_a_site_from_the_results_folder(cli: Cli, tmp_path: Path) -> None:
    done = cli("publish", "site", "out", "--title", "My boards")
    assert done.returncode == 0, done.stderr
    assert "index.html" in done.stdout
    assert "My boards" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    again = cli("publish", "site", "out")
    assert again.returncode == 0, again.stderr


def test_nothing_to_publish(cli: Cli, tmp_path: Path) -> None:
    assert cli("publish", "site", "out").returncode == 2
    (tmp_path / "results" / "leaderboard").mkdir(parents=True)
    done = cli("publish", "site", "out")
    assert done.returncode == 2
    assert "no runs" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("results")
def test_a_folder_of_somebody_else_is_left_alone(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    done = cli("publish", "site", "thesis")
    assert done.returncode == 2
    assert "did not make it" in done.stderr
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter.tex"]


def test_merging(cli: Cli, tmp_path: Path) -> None:
    for name, run_id in (("a", "one"), ("b", "two")):
        write_part(tmp_path / name, record(run_id))
        write_part(tmp_path / name, record("both"))
        add_picture(tmp_path / name, run_id)
    add_picture(tmp_path / "b", "two", name="reconstructions.png")
    done = cli("merge", "a", "b", "--into", "all")
    assert done.returncode == 0, done.stderr
    assert "3 runs, 1 of them from more than one place" in done.stdout
    assert read_run(tmp_path / "all", "two") == record("two")
    pictures = {path.name for path in (tmp_path / "all" / "runs" / "two").iterdir()}
    assert pictures == {"samples.png", "reconstructions.png"}


def test_contradictions_end_in_3_with_both_values(cli: Cli, tmp_path: Path) -> None:
    for name, value in (("a", 10.0), ("b", 12.0)):
        write_part(tmp_path / name, record("same", scores=(score("fid", value),)))
    write_part(tmp_path / "b", record("other"))
    done = cli("merge", "a", "b", "--into", "all")
    assert done.returncode == 3
    assert "fid is 10 in a and 12 in b" in done.stderr
    assert [p.stem for p in (tmp_path / "all").rglob("*.parquet")] == ["other"]
    wide = cli("merge", "a", "b", "--into", "wide", "--tolerance", "0.2")
    assert wide.returncode == 0, wide.stderr


def test_merging_into_results_that_are_there_is_refused(cli: Cli, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_part(tmp_path / name, record(name))
    done = cli("merge", "a", "--into", "b")
    assert done.returncode == 2
    assert "has results already" in done.stderr


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as server:
        yield server


def test_a_dry_run_shows_all_and_sends_nothing(cli: Cli, tmp_path: Path, hub: Hub) -> None:
    write_part(tmp_path / "results", record("a"))
    done = cli(
        "publish", "hub", "me/boards", "--dry-run", HF_ENDPOINT=hub.address, HF_TOKEN="hf_for_tests"
    )
    assert done.returncode == 0, done.stderr
    assert "datasets/me/boards/scores.parquet" in done.stdout
    assert "license" not in done.stdout
    assert (hub.created, hub.files) == ([], {})
    sent = cli("publish", "hub", "me/boards", HF_ENDPOINT=hub.address, HF_TOKEN="hf_for_tests")
    assert sent.returncode == 0, sent.stderr
    assert set(hub.files) == {"README.md", "leaderboard.parquet", "scores.parquet"}
