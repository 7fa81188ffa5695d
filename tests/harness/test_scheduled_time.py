"""``--time-limit auto``: what Slurm leaves a job, asked of a process that answers as it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.base.errors import UsageError
from regene_bench.harness.options import make_options

QUERY = "-h -j 123 -o %L"


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that ``squeue`` prints, if it is asked as Slurm's wants to be."""
    answer, program = tmp_path / "answer", tmp_path / "squeue"
    program.write_text(f'#!/bin/sh\n[ "$*" = "{QUERY}" ] && exec /bin/cat "{answer}"\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SLURM_JOB_ID", "123")
    monkeypatch.delenv("SLURM_ARRAY_JOB_ID", raising=False)
    return answer


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("2-03:04:05", 2 * 86400 + 3 * 3600 + 4 * 60 + 5 - 60),
        ("3:04:05", 3 * 3600 + 4 * 60 + 5 - 60),
        ("10:00", 600 - 60),
        # of little time half is kept for saving
        ("1:20", 40),
        ("30", 15),
        ("0:00", 1),
        ("UNLIMITED", None),
    ],
)
def test_a_job_is_stopped_before_its_scheduler_ends_it(
    answers: Path, told: str, seconds: float | None
) -> None:
    answers.write_text(f"{told}\n")
    assert make_options(time_limit="auto").time_limit == seconds


def test_a_task_of_an_array_asks_for_itself(answers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = answers.with_name("squeue")
    program.write_text(program.read_text().replace(QUERY, "-h -j 120_7 -o %L"))
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "120")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "7")
    answers.write_text("10:00")
    assert make_options(time_limit="auto").time_limit == 540


@pytest.mark.parametrize("told", ["INVALID", "", "tomorrow"])
def test_an_answer_that_is_no_time_is_told(answers: Path, told: str) -> None:
    answers.write_text(told)
    with pytest.raises(UsageError, match=f"answered {told!r}, no time"):
        make_options(time_limit="auto")


def test_without_an_answer_a_time_is_asked_for(
    answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "9")
    with pytest.raises(UsageError, match="did not answer") as caught:
        make_options(time_limit="auto")
    assert caught.value.hint == "Give a time, as --time-limit 9m, or none."
    monkeypatch.delenv("SLURM_JOB_ID")
    with pytest.raises(UsageError, match="no job of it"):
        make_options(time_limit="auto")
