"""What a disk refuses ends in a message with the path and a remedy, never in a traceback."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from regene_bench.base.disk import disk_error, told_of_disk
from regene_bench.base.errors import ResultsError
from regene_bench.base.events import Event, silent
from regene_bench.leaderboard.parts import write_part
from regene_bench.runtime.locks import exclusive
from regene_bench.runtime.stop import StopRequest
from tests.cli.conftest import Cli
from tests.leaderboard.helpers import record

COMMAND = [sys.executable, "-c", "from regene_bench.cli.main import main; main()"]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for number in range(40):
        write_part(tmp_path / "results", record(f"{number:02}", params={"x": number}))
    return tmp_path / "results"


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free disk space"),
        (errno.EROFS, "read-only"),
        (errno.ENOENT, "removed meanwhile"),
        (errno.ENOTDIR, "A file stands where a folder should"),
        (errno.EMFILE, "ulimit"),
        (errno.EIO, "Check the disk"),
    ],
)
def test_every_trouble_has_a_path_and_a_remedy(number: int, remedy: str) -> None:
    error = disk_error("write to", Path("a/file"), OSError(number, os.strerror(number)))
    assert error.message == f"Cannot write to a/file: {os.strerror(number)}."
    assert remedy in error.hint


def test_other_errors_go_their_way() -> None:
    with pytest.raises(ValueError, match="mine"), told_of_disk("read", Path("x")):
        raise ValueError("mine")


def test_a_lock_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "lock"
    with (
        pytest.raises(ResultsError, match="Cannot lock"),
        exclusive(path, "x", StopRequest(), silent),
    ):
        pytest.fail("the block is not carried out")
    told: list[Event] = []
    with exclusive(path, "x", StopRequest(), told.append, needed=False) as waited:
        assert not waited
    assert told == []


def test_a_file_where_the_site_shall_be_written(cli: Cli, results: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = cli("publish", "site", str(tmp_path / "file" / "site"), str(results))
    assert done.returncode == 2
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_does_not_fit_is_said(results: Path) -> None:
    with Path("/dev/full").open("w") as full:
        arguments = [*COMMAND, "leaderboard", "--results", str(results), "--format", "json"]
        done = subprocess.run(
            arguments, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_reader_that_has_had_enough_hears_no_complaint(results: Path) -> None:
    arguments = [*COMMAND, "leaderboard", "--results", str(results), "--format", "json"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1
