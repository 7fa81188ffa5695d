"""Runs as a job array of a real Slurm: queued again in mid-training, lost, left alone, stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.processes import environment, parts, regene_bench, run, scores, start
from tests.warm import Program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("slurm"),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc"),
]

# some thousand steps a run, so that it is found at work
METHODS = "autoencoder[images=3000,batch_size=2,encoder_width=8,decoder_width=8]"
RUNS = 4
ON_SLURM = ("--executor", "slurm", "--executor-option", "poll=1")
Found = TypeVar("Found")


def call(protocol: Path, results: str, *more: str) -> list[str]:
    return [
        *("run", str(protocol), "--methods", METHODS, "--seeds", str(RUNS)),
        *("--results", results, "--device", "cpu", "--checkpoint-every", "0.5s", *more),
    ]


def test_tasks_that_are_queued_again_warned_or_killed_cost_no_run(
    light_protocol: Path, session_cache: Path, tmp_path: Path
) -> None:
    variables = environment(session_cache)
    serial = Program(call(light_protocol, "alone"))
    alone = run(serial, tmp_path, variables, most_seconds=900)
    assert alone.returncode == 0, alone.stderr

    errors = (tmp_path / "errors.txt").open("w")
    process = start(
        call(light_protocol, "spread", *ON_SLURM), tmp_path, variables, errors=errors.fileno()
    )
    array = until(lambda: arrays(tmp_path / "spread"), process)[0]
    # by a person or by Slurm itself, as it does where a node is lost
    until(lambda: is_training(array, 0), process)
    said("scontrol", "requeue", f"{number_of(array)}_0")
    # as Slurm warns before the end of a task's time
    until(lambda: is_training(array, 1), process)
    # not waited for: scancel goes on asking for a minute where a task is queued again at once
    scancel = ["scancel", "--batch", "--signal=USR1", f"{number_of(array)}_1"]
    warning = subprocess.Popen(scancel)
    until(lambda: checkpoints(array, 2), process)
    os.kill(child_of(array, 2), signal.SIGKILL)
    assert process.wait(900) == 0, (tmp_path / "errors.txt").read_text()
    warning.wait(120)

    told = (tmp_path / "errors.txt").read_text()
    assert scores(tmp_path / "spread") == scores(tmp_path / "alone")
    assert len(parts(tmp_path / "spread")) == RUNS
    for index in range(2):
        assert "autoencoder goes on at" in log(array, index)
        note = json.loads((array / f"ended-{index}.json").read_text())
        assert (note["code"], note["warned"]) == (0, False)
        # more often where scancel, which asks on, has warned it again
        assert note["restarts"] >= 1
    assert "autoencoder goes on at" not in log(array, 3)
    # what was killed is handed over again, as an array of its own
    assert "_2 was lost (signal 9) and is handed over again" in told
    (second,) = [folder for folder in arrays(tmp_path / "spread") if folder != array]
    assert "autoencoder goes on at" in log(second, 0)
    finished = [json.loads(line) for line in told.splitlines() if '"RunFinished"' in line]
    assert [event["status"] for event in finished] == ["ok"] * RUNS


def test_a_call_goes_away_comes_back_is_stopped_and_goes_on(
    light_protocol: Path, session_cache: Path, tmp_path: Path
) -> None:
    variables = environment(session_cache)
    spread = call(light_protocol, "spread", *ON_SLURM)
    handed = regene_bench([*spread, "--executor-option", "detach=true"], tmp_path, variables)
    assert handed.returncode == 130, handed.stderr
    (array,) = arrays(tmp_path / "spread")
    told_of = f"in Slurm's queue as job {number_of(array)}: {RUNS} runs"
    assert told_of in handed.stderr
    assert len(list(array.glob("ticket-*.json"))) == RUNS

    until(lambda: is_training(array, 0))
    errors = (tmp_path / "errors.txt").open("w")
    process = start(spread, tmp_path, variables, errors=errors.fileno())
    told = tmp_path / "errors.txt"
    until(lambda: "in Slurm's queue already, as" in told.read_text(), process)
    # the first ones may have ended by now
    until(lambda: any(is_under_way(array, index) for index in range(RUNS)), process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(300) == 130, told.read_text()
    # nothing is left behind, and nothing was handed over twice
    assert said("squeue", "-h", "-n", array.name) == ""
    assert arrays(tmp_path / "spread") == [array]

    ended = regene_bench(spread, tmp_path, variables)
    assert ended.returncode == 0, ended.stderr
    assert len(parts(tmp_path / "spread")) == RUNS
    logs = [path.read_text() for path in (tmp_path / "spread" / "slurm").glob("*/log-*.txt")]
    assert any("autoencoder goes on at" in text for text in logs)
    watched = regene_bench(["attach", "spread"], tmp_path, variables)
    assert (watched.returncode, watched.stdout) == (0, "No run of spread is in Slurm's queue.\n")


def arrays(results: Path) -> list[Path]:
    """Folders of arrays that were handed over."""
    return sorted(path.parent for path in results.glob("slurm/*/array.sh"))


def log(array: Path, index: int) -> str:
    path = array / f"log-{index}.txt"
    return path.read_text() if path.exists() else ""


def is_training(array: Path, index: int) -> bool:
    """Tell whether a task has told progress of a training."""
    return '"task": "' in log(array, index) and ": autoencoder" in log(array, index)


def checkpoints(array: Path, index: int) -> list[Path]:
    """What a task's run has saved by now."""
    ticket = json.loads((array / f"ticket-{index}.json").read_text())
    (run_id,) = ticket["run_ids"]
    runs = array.parent.parent / "runs"
    return list((runs / run_id / "checkpoints").glob("*.safetensors"))


def is_under_way(array: Path, index: int) -> bool:
    """Tell whether a task's run has saved something and has not ended."""
    ended = (array / f"ended-{index}.json").exists()
    return not ended and bool(checkpoints(array, index))


def number_of(array: Path) -> str:
    """What Slurm calls the array."""
    return said("squeue", "-h", "-r", "-n", array.name, "-o", "%F").split()[0]


def child_of(array: Path, index: int) -> int:
    """The process that carries out the ticket of a task."""
    ticket = str(array / f"ticket-{index}.json").encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if ticket in command:
                return int(folder.name)
    raise AssertionError(f"nobody is at {ticket.decode()}")


def said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def until(given: Callable[[], Found], process: object = None) -> Found:
    """Wait for something that is true, and give it."""
    end = time.monotonic() + 600
    while not (found := given()):
        ended = getattr(process, "returncode", None)
        assert ended is None, f"the call has ended with {ended}"
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.1)
    return found
