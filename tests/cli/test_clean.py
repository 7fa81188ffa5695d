"""``clean`` removes what it was told to, after asking, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.leaderboard.parts import write_part
from tests.cli.conftest import Cli
from tests.leaderboard.helpers import record


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    results, cache = tmp_path / "results", tmp_path / "cache"
    places = {
        "part": write_part(results, record("done")),
        "failed part": write_part(results, record("bad", status="failed", scores=())),
        "checkpoint": results / "runs" / "done" / "checkpoints" / "x",
        "picture": results / "runs" / "done" / "samples.png",
        "failed run": results / "runs" / "bad" / "traceback.txt",
        "unfinished": results / "runs" / "other" / "checkpoints" / "x",
        "cache": cache / "features" / "x",
        "weights": cache / "weights" / "x",
        "data": cache / "data" / "x",
    }
    for path in places.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text("x")
    return places


@pytest.mark.parametrize(
    ("options", "gone"),
    [
        (["--checkpoints"], {"checkpoint"}),
        (["--unfinished"], {"unfinished"}),
        (["--failed"], {"failed part", "failed run"}),
        (["--cache"], {"cache"}),
        (["--checkpoints", "--failed"], {"checkpoint", "failed part", "failed run"}),
    ],
)
def test_removes_what_was_chosen(
    cli: Cli, files: dict[str, Path], options: list[str], gone: set[str]
) -> None:
    assert cli("clean", *options, "--dry-run").returncode == 0
    assert all(path.exists() for path in files.values())
    assert cli("clean", *options, "--yes").returncode == 0
    assert {name for name, path in files.items() if not path.exists()} == gone
    assert "nothing to remove" in cli("clean", *options).stdout


def test_asks_first(cli: Cli, files: dict[str, Path]) -> None:
    done = cli("clean", "--checkpoints")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert all(path.exists() for path in files.values())


def test_something_must_be_chosen(cli: Cli) -> None:
    done = cli("clean")
    assert done.returncode == 2
    assert "--checkpoints" in done.stderr
