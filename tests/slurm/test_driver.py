"""What the driver makes of what the queue and the tasks say; Slurm's commands are played here.

What a real Slurm does is in ``test_real_slurm.py``. It can hardly be had to lose a node, to forget
a task, or to be silent.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from regene_bench.api import (
    Interrupted,
    Job,
    Message,
    RegeneBenchError,
    Run,
    RunFinished,
    RunOptions,
    RunRecord,
    StopRequest,
    Ticket,
    UsageError,
)
from tests.harness.builders import run_of
from tests.leaderboard.helpers import record

pytest.importorskip("regene_bench_slurm", reason="regene-bench-slurm is not installed: NOT tested")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="plays commands of Linux")

RUNS = [run_of(seed=seed) for seed in range(2)]
# sbatch notes an array's folder. Each call of squeue takes the next step of the play, and the last
# one stays: a task's job and state, and the exit code that it leaves, with a w where it was warned.
PLAY = """#!{python} -I
import json, pathlib, sys
here = pathlib.Path(__file__).absolute().parent
asked = sys.argv[1:]
with open(here / "called.txt", "a") as called:
    print(pathlib.Path(sys.argv[0]).name, *asked, file=called)
folders = sorted((here / "arrays").iterdir())
if sys.argv[0].endswith("sbatch"):
    number = len(folders) + 1
    (here / "arrays" / str(number)).write_text(str(pathlib.Path(asked[-1]).parent))
    print(number)
if sys.argv[0].endswith("squeue"):
    steps = json.loads((here / "play.json").read_text())
    (here / "play.json").write_text(json.dumps(steps[1:] or steps))
    if steps[0] == "silence":
        sys.exit("slurm_load_jobs error: Unable to contact slurm controller")
    arrays = {{folder.name: pathlib.Path(folder.read_text()) for folder in folders}}
    for line in steps[0]:
        job, state, *code = line.split()
        number, _, index = job.partition("_")
        if number not in arrays:
            continue
        folder = arrays[number]
        if state != "GONE" and folder.name in asked[asked.index("-n") + 1].split(","):
            print(folder.name, job, state, "None", sep="|")
        if code:
            note = {{"code": int(code[0].strip("w")), "warned": code[0].endswith("w")}}
            (folder / f"ended-{{index}}.json").write_text(json.dumps(note))
            if note["code"] in (0, 3, 4):
                ticket = json.loads((folder / f"ticket-{{index}}.json").read_text())
                for run_id in ticket["run_ids"]:
                    (here / "parts" / run_id).touch()
"""


class Call:
    """A call of two runs, whose parts the play leaves."""

    def __init__(self, folder: Path, steps: Sequence[object]) -> None:
        self.folder = folder
        for name in ("arrays", "parts"):
            (folder / name).mkdir(exist_ok=True)
        for name in ("sbatch", "squeue", "scancel"):
            (folder / name).write_text(PLAY.format(python=sys.executable))
            (folder / name).chmod(0o755)
        (folder / "play.json").write_text(json.dumps(steps))
        (folder / "called.txt").write_text("")
        self.told: list[str] = []
        self.finished: list[str] = []
        self.failed: dict[str, str] = {}
        self.stop = StopRequest()

    def job(self, **options: Any) -> Job:
        asked = RunOptions(results=self.folder / "results", **options)

        def ticket(runs: Sequence[Run], /, *, together: bool = False) -> Ticket:
            return Ticket(
                benchmark="digits",
                options=replace(asked, device="cpu", precision="float32"),
                run_ids=tuple(run.run_id for run in runs),
                numbers=tuple(run.seed + 1 for run in runs),
                total=len(RUNS),
                made=datetime(2026, 1, 1, tzinfo=UTC),
            )

        never = cast("Any", None)
        return Job(RUNS, never, never, ticket, asked, self.stop, self.emit, self.fail, self.kept)

    def carried_out(self, options: dict[str, Any] | None = None, **config: Any) -> list[RunRecord]:
        from regene_bench_slurm.config import SlurmConfig
        from regene_bench_slurm.executor import SlurmExecutor

        executor = SlurmExecutor(SlurmConfig(poll=0.01, **config))
        return list(executor(self.job(**(options or {}))))

    def emit(self, event: object) -> None:
        if isinstance(event, Message):
            self.told.append(event.text)
        if isinstance(event, RunFinished):
            self.finished.append(event.status)

    def fail(self, run: Run, error: RegeneBenchError, stack: str) -> RunRecord:
        self.failed[run.run_id] = str(error)
        return record(run_id=run.run_id, seed=run.seed, status="failed")

    def kept(self, run: Run) -> RunRecord | None:
        found = (self.folder / "parts" / run.run_id).exists()
        return record(run_id=run.run_id, seed=run.seed) if found else None

    def called(self, command: str) -> list[str]:
        """The arguments of each call of a command."""
        lines = (self.folder / "called.txt").read_text().splitlines()
        return [line.partition(" ")[2] for line in lines if line.split()[0] == command]

    def wait_for(self, command: str, arguments: str) -> None:
        """Wait until a command was called that nobody waits for."""
        until = time.monotonic() + 60
        while arguments not in self.called(command):
            assert time.monotonic() < until, self.called(command)
            time.sleep(0.05)


@pytest.fixture(autouse=True)
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def test_records_come_as_tasks_end(tmp_path: Path) -> None:
    steps = [["1_0 PENDING", "1_1 PENDING"], ["1_0 RUNNING", "1_1 COMPLETED 0"], ["1_0 FAILED 4"]]
    call = Call(tmp_path, steps)
    assert [found.seed for found in call.carried_out()] == [1, 0]
    (submitted,) = call.called("sbatch")
    assert "--array=0-1 " in submitted
    assert call.finished == ["ok", "ok"]
    assert "Slurm: 2 pending" in call.told
    assert call.called("scancel") == []


def test_a_task_carries_out_as_many_runs_as_it_is_to(tmp_path: Path) -> None:
    call = Call(tmp_path, [["1_0 COMPLETED 0"]])
    assert len(call.carried_out(runs_per_task=2)) == 2
    (submitted,) = call.called("sbatch")
    assert "--array=0-0 " in submitted


def test_a_lost_task_is_handed_over_again_and_then_a_failed_run(tmp_path: Path) -> None:
    steps = [["1_0 RUNNING", "1_1 COMPLETED 0"], ["1_0 NODE_FAIL", "2_0 FAILED -9"]]
    call = Call(tmp_path, steps)
    records = call.carried_out(retries=1)
    assert [(found.seed, found.status) for found in records] == [(1, "ok"), (0, "failed")]
    assert len(call.called("sbatch")) == 2
    assert any("1_0 was lost (node fail) and is handed over again" in text for text in call.told)
    assert "Its task was lost (signal 9)" in call.failed[RUNS[0].run_id]


def test_what_was_warned_and_not_queued_again_is_handed_over_without_counting_as_lost(
    tmp_path: Path,
) -> None:
    steps = [["1_1 COMPLETED 0", "1_0 FAILED 130w", "2_0 FAILED 130w", "3_0 COMPLETED 0"]]
    call = Call(tmp_path, steps)
    assert len(call.carried_out(retries=0)) == 2
    assert len(call.called("sbatch")) == 3


def test_a_task_goes_back_as_often_as_it_may(tmp_path: Path) -> None:
    steps = [["1_1 COMPLETED 0", "1_0 FAILED 130w", "2_0 FAILED 130w"]]
    call = Call(tmp_path, steps)
    records = call.carried_out(retries=5, requeues=1)
    assert [found.status for found in records] == ["ok", "failed"]
    assert "over 2 times before it had ended" in call.failed[RUNS[0].run_id]


@pytest.mark.parametrize("end", ["CANCELLED", "COMPLETED 130"])
def test_what_somebody_has_cancelled_is_left_and_the_others_are_waited_for(
    end: str, tmp_path: Path
) -> None:
    steps = [[f"1_0 {end}", "1_1 RUNNING"]] * 4 + [[f"1_0 {end}", "1_1 COMPLETED 0"]]
    call = Call(tmp_path, steps)
    with pytest.raises(Interrupted, match="the end of Slurm's job 1_0"):
        call.carried_out()
    assert call.finished == ["ok"]
    assert call.failed == {}
    assert len(call.called("sbatch")) == 1


def test_what_keeps_one_task_keeps_the_others(tmp_path: Path) -> None:
    running, saved = ["1_0 FAILED 2", "1_1 RUNNING"], ["1_0 FAILED 2", "1_1 COMPLETED 130"]
    call = Call(tmp_path, [running] * 3 + [saved])
    with pytest.raises(UsageError, match="1_0 cannot be carried out: it has left no log"):
        call.carried_out()
    call.wait_for("scancel", "--batch --signal=TERM --state=RUNNING 1_1")


def test_a_stop_has_tasks_save_and_leaves_none_in_the_queue(tmp_path: Path) -> None:
    call = Call(tmp_path, [["1_0 RUNNING", "1_1 PENDING"], ["1_0 COMPLETED 130", "1_1 CANCELLED"]])
    call.emit = lambda event: call.stop.ask("the test")  # type: ignore[method-assign]
    with pytest.raises(Interrupted, match="the test"):
        call.carried_out()
    call.wait_for("scancel", "--batch --signal=TERM --state=RUNNING 1_0 1_1")
    assert "--state=PENDING 1_0 1_1" in call.called("scancel")
    assert call.failed == {}


def test_tasks_that_do_not_heed_a_stop_are_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGENE_BENCH_GRACE", "0.1")
    call = Call(tmp_path, [["1_0 RUNNING", "1_1 RUNNING"]])
    call.emit = lambda event: call.stop.ask("the test")  # type: ignore[method-assign]
    with pytest.raises(Interrupted, match="the test"):
        call.carried_out()
    assert call.called("scancel")[-1] == "1_0 1_1"


def test_a_call_that_was_handed_over_is_joined_and_not_handed_over_twice(tmp_path: Path) -> None:
    call = Call(tmp_path, [["1_0 RUNNING", "1_1 PENDING"]])
    with pytest.raises(Interrupted, match="in Slurm's queue as job 1: 2 runs"):
        call.carried_out(detach=True)
    with pytest.raises(Interrupted, match="in Slurm's queue as job 1: 2 runs"):
        call.carried_out(detach=True)
    assert call.called("scancel") == []

    again = Call(tmp_path, [["1_0 RUNNING", "1_1 PENDING"], ["1_0 COMPLETED 0", "1_1 COMPLETED 0"]])
    assert len(again.carried_out()) == 2
    assert "in Slurm's queue already, as 1_0, 1_1: 2 runs" in again.told
    assert again.called("sbatch") == []


def test_a_task_at_work_for_another_call_is_not_taken_for_this_one(tmp_path: Path) -> None:
    call = Call(tmp_path, [["1_0 RUNNING", "1_1 RUNNING"]])
    with pytest.raises(Interrupted):
        call.carried_out(detach=True)
    with pytest.raises(
        UsageError, match="at work on a run of this call with metrics '', not 'fid'"
    ):
        call.carried_out({"metrics": "fid"})
    # it is the other call's
    assert call.called("scancel") == []
    assert len(call.called("sbatch")) == 1


def test_results_are_taken_while_slurm_is_silent(tmp_path: Path) -> None:
    ended = ["1_0 COMPLETED 0"]
    call = Call(tmp_path, [ended, "silence", "silence", [*ended, "1_1 COMPLETED 0"]])
    assert [found.seed for found in call.carried_out()] == [0, 1]
    silent = [text for text in call.told if "Slurm does not answer" in text]
    assert len(silent) == 1


def test_a_call_that_cannot_ask_hands_nothing_over(tmp_path: Path) -> None:
    call = Call(tmp_path, [["1_0 RUNNING", "1_1 RUNNING"]])
    with pytest.raises(Interrupted):
        call.carried_out(detach=True)
    again = Call(tmp_path, ["silence"])
    with pytest.raises(UsageError, match="does not say what is in its queue"):
        again.carried_out()
    assert again.called("sbatch") == []
