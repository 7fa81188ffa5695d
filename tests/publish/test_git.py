"""A leaderboard in a git repository: committed, and nothing else with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from regene_bench.base.errors import UsageError
from regene_bench.leaderboard.merge import Merged, merge, read_source
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.parts import write_part
from regene_bench.publish.git import PAGE, publish_git
from tests.leaderboard.helpers import record


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A Tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@example.org")
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    return folder


def results(folder: Path, *run_ids: str) -> Merged:
    for run_id in run_ids:
        write_part(folder, record(run_id))
    return merge([read_source(folder)])


def test_runs_and_tables_are_committed_alone(repository: Path, tmp_path: Path) -> None:
    (repository / "secret.txt").write_text("not yet for others")
    git(repository, "add", "secret.txt")
    board = repository / "board"
    commit = publish_git(results(tmp_path / "results", "a", "b"), {}, board, "First rows")
    assert commit == git(repository, "rev-parse", "HEAD").strip()
    assert git(repository, "log", "-1", "--format=%s").strip() == "First rows"
    names = git(repository, "show", "--format=", "--name-only").split()
    parts = [f"board/leaderboard/digits/{name}.parquet" for name in "ab"]
    assert sorted(names) == sorted([f"board/{PAGE}", *parts])
    assert "secret.txt" in git(repository, "diff", "--cached", "--name-only")
    assert read_run(board, "a") == record("a")
    assert "| rank |" in (board / PAGE).read_text(encoding="utf-8")


def test_the_same_again_commits_nothing(repository: Path, tmp_path: Path) -> None:
    merged = results(tmp_path / "results", "a")
    assert publish_git(merged, {}, repository, "one")
    assert publish_git(merged, {}, repository, "two") is None
    assert git(repository, "log", "--format=%s").split() == ["one"]


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(UsageError, match="git rev-parse failed"):
        publish_git(results(tmp_path / "results", "a"), {}, tmp_path / "plain", "m")


def test_other_peoples_changes_are_no_change_of_the_board(repository: Path, tmp_path: Path) -> None:
    merged = results(tmp_path / "results", "a")
    (repository / "notes.txt").write_text("first")
    git(repository, "add", "notes.txt")
    assert publish_git(merged, {}, repository, "one")
    git(repository, "commit", "--quiet", "--message", "notes")
    (repository / "notes.txt").write_text("second")
    (repository / "staged é.txt").write_text("mine")
    git(repository, "add", "staged é.txt")
    (repository / "untracked.txt").write_text("mine")
    assert publish_git(merged, {}, repository, "two") is None
    assert git(repository, "log", "--format=%s").split() == ["notes", "one"]
    assert "staged" in git(repository, "diff", "--cached", "--name-only")


def test_a_change_among_other_peoples_is_committed_alone(repository: Path, tmp_path: Path) -> None:
    board = repository / "board"
    assert publish_git(results(tmp_path / "results", "a"), {}, board, "one")
    (board / "untracked.txt").write_text("mine")
    assert publish_git(results(tmp_path / "results", "b"), {}, board, "two")
    names = git(repository, "show", "--format=", "--name-only").split()
    assert names == ["board/leaderboard/digits/b.parquet"]  # the table of equal runs is the same
