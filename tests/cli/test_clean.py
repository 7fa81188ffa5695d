"""``clean`` removes what it was told to, after asking, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from regene_bench.cli.clean import _of_runs, _removed
from regene_bench.leaderboard.parts import read_parts, write_part
from tests.cli.conftest import Cli
from tests.leaderboard.helpers import as_of_version, record


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


@pytest.mark.parametrize(
    ("option", "run", "kept"),
    [
        ("--failed", "bad", {"failed part", "failed run"}),
        ("--checkpoints", "done", {"checkpoint"}),
        ("--unfinished", "other", {"unfinished"}),
    ],
)
def test_a_run_that_another_call_is_at_work_on_is_left(
    cli: Cli, files: dict[str, Path], tmp_path: Path, option: str, run: str, kept: set[str]
) -> None:
    with FileLock(tmp_path / "results" / "runs" / run / "lock"):
        done = cli("clean", option, "--yes")
    assert done.returncode == 0, done.stderr
    assert f"{len(kept)} were left: another call is at work" in done.stdout
    assert all(files[name].exists() for name in kept)
    assert cli("clean", option, "--yes").returncode == 0
    assert not any(files[name].exists() for name in kept)


def test_a_failed_run_that_was_repeated_well_meanwhile_is_left(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    """Between the list and the removal another call may have ended: it is looked at once more."""
    results = tmp_path / "results"
    found = _of_runs(results, checkpoints=False, unfinished=False, failed=True)
    write_part(results, record("bad"))
    assert [_removed(removal) for removal in found] == [False, False]
    assert files["failed part"].exists()
    assert files["failed run"].exists()


def test_asks_first(cli: Cli, files: dict[str, Path]) -> None:
    done = cli("clean", "--checkpoints")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert all(path.exists() for path in files.values())


def test_something_must_be_chosen(cli: Cli) -> None:
    done = cli("clean")
    assert done.returncode == 2
    assert "--checkpoints" in done.stderr


def test_a_failed_run_in_a_file_of_many_goes_and_the_others_stay(cli: Cli, tmp_path: Path) -> None:
    results = tmp_path / "results"
    good, bad = "a1" * 8, "b2" * 8
    write_part(results, record(good))
    write_part(results, record(bad, status="failed", scores=()))
    assert "2 files are 1 now" in cli("compact", str(results)).stdout
    assert f"run {bad} among others" in cli("clean", "--failed", "--dry-run").stdout
    assert cli("clean", "--failed", "--yes").returncode == 0
    assert read_parts(results)[0]["run_id"].to_pylist() == [good]
    assert "nothing to remove" in cli("clean", "--failed").stdout
    assert cli("show", good[:4]).returncode == 0
    assert "1 files, nothing to fold" in cli("compact", str(results)).stdout


def test_files_of_older_versions_are_written_anew(cli: Cli, tmp_path: Path) -> None:
    results = tmp_path / "results"
    as_of_version(write_part(results, record("a1" * 8)), 1)
    write_part(results, record("b2" * 8))
    assert cli("migrate", str(results)).stdout == "digits: 1 of 2 files written anew\n"
    assert cli("migrate", str(results)).stdout == "digits: 0 of 2 files written anew\n"
    assert cli("migrate", str(tmp_path)).returncode == 2
