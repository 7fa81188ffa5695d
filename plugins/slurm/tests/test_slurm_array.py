"""What is handed to Slurm, and what it and its tasks say."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from regene_bench_slurm import slurm
from regene_bench_slurm.array import Array, sbatch_arguments, script_text
from regene_bench_slurm.config import SlurmConfig
from regene_bench_slurm.driver import told_end
from regene_bench_slurm.slurm import Seen
from regene_bench_slurm.task import Note
from regene_bench_slurm.words import last_words, told_states

from regene_bench.api import UsageError


def test_options_are_arguments_of_sbatch() -> None:
    config = SlurmConfig(
        partition="gpu", time="60", mem="16G", gres="gpu:1", at_once=2, extra=("--qos=long",)
    )
    assert sbatch_arguments(Path("/r/50%/slurm/regene-bench-1"), 4, config) == [
        "--job-name=regene-bench-1",
        "--array=0-3%2",
        # a percent sign in a path would be read as a number of the job
        "--output=/r/50%%/slurm/regene-bench-1/log-%a.txt",
        "--open-mode=append",
        "--requeue",
        "--signal=B:USR1@90",
        "--cpus-per-task=1",
        "--partition=gpu",
        "--time=60",
        "--mem=16G",
        "--gres=gpu:1",
        "--qos=long",
    ]


@pytest.mark.parametrize("name", ["plain", "two words", "a'b\"c", "$(exit 3)`exit 4`", "a;b&c|d"])
def test_bash_reads_a_folder_as_it_is_called(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    config = SlurmConfig(python="printf %s\\\\n", setup=("echo 'module load'", "cd /"), requeues=7)
    text = script_text(folder, sbatch_arguments(folder, 1, config), config)
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
    said = ["module load", "-P", "-m", "regene_bench_slurm.task", str(folder), "7"]
    assert done.stdout.splitlines() == said


def test_a_warning_that_comes_too_early_ends_no_task(tmp_path: Path) -> None:
    early = "import os, signal; os.kill(os.getpid(), signal.SIGUSR1); print('begun')"
    program = shlex.join([sys.executable, "-c", early])
    config = SlurmConfig(python=program, setup=("kill -USR1 $$", "echo ready"))
    text = script_text(tmp_path, sbatch_arguments(tmp_path, 1, config), config)
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "ready\nbegun\n")


def test_the_queue_is_read_line_by_line() -> None:
    text = (
        "regene-bench-1|12_0|RUNNING|None\n"
        "regene-bench-1|12_10|PENDING|(Nodes required | down)\n"
        "regene-bench-2|13_0|CANCELLED|None\n"
        "regene-bench-3|14|RUNNING|None\n"
        "slurm_load_jobs: something else\n\n"
    )
    found = slurm.read(text)
    assert found == {
        ("regene-bench-1", 0): Seen("12_0", "RUNNING", "None"),
        ("regene-bench-1", 10): Seen("12_10", "PENDING", "(Nodes required | down)"),
        ("regene-bench-2", 0): Seen("13_0", "CANCELLED", "None"),
    }
    assert [seen.is_live for seen in found.values()] == [True, True, False]


@pytest.mark.parametrize("state", ["COMPLETING", "CONFIGURING", "SUSPENDED", "REQUEUED", "LATER"])
def test_what_is_not_known_to_have_ended_lives(state: str) -> None:
    assert Seen("1_0", state, "None").is_live


@pytest.mark.parametrize("state", ["TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "FAILED"])
def test_what_has_ended_does_not(state: str) -> None:
    assert not Seen("1_0", state, "None").is_live


def test_where_there_is_no_slurm_the_call_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="Slurm takes no job: sbatch") as refused:
        slurm.submit(["array.sh"])
    assert "where sbatch can be called" in refused.value.hint
    with pytest.raises(slurm.Silence, match="squeue"):
        slurm.look(["regene-bench-1"])
    assert slurm.look([]) == {}


def test_what_slurm_says_reaches_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sbatch = tmp_path / "sbatch"
    sbatch.write_text(
        "#!/bin/sh\necho 'sbatch: error: Batch job submission failed: Invalid job array "
        "specification' >&2\nexit 1\n"
    )
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="Invalid job array specification") as refused:
        slurm.submit(["array.sh"])
    assert "runs_per_task=10" in refused.value.hint


def test_a_job_inside_a_job_is_not_told_what_the_outer_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sbatch = tmp_path / "sbatch"
    sbatch.write_text('#!/bin/sh\necho "$SLURM_ARRAY_TASK_ID/$SLURM_CONF/$SBATCH_QOS;cluster"\n')
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    monkeypatch.setenv("SLURM_CONF", "conf")
    monkeypatch.setenv("SBATCH_QOS", "long")
    assert slurm.submit(["array.sh"]) == "/conf/long"


def test_filters_of_a_user_hide_no_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    squeue = tmp_path / "squeue"
    squeue.write_text('#!/bin/sh\necho "regene-bench-1|12_0|RUNNING|$SQUEUE_PARTITION"\n')
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SQUEUE_PARTITION", "short")
    assert slurm.look(["regene-bench-1"]) == {("regene-bench-1", 0): Seen("12_0", "RUNNING", "")}


def test_a_note_that_is_half_there_is_none(tmp_path: Path) -> None:
    array = Array(tmp_path)
    assert array.note(0) is None
    (tmp_path / "ended-0.json").write_text('{"code": 0, "warned": fal')
    assert array.note(0) is None
    (tmp_path / "ended-0.json").write_text('{"code": 130, "warned": true, "restarts": 2}')
    assert array.note(0) == Note(130, warned=True, restarts=2)


def test_words_for_people(tmp_path: Path) -> None:
    counts = {"running": 2, "pending (Resources)": 1}
    assert told_states(counts) == "1 pending (Resources), 2 running"
    assert told_end(-9, "FAILED") == "signal 9"
    assert told_end(None, "OUT_OF_MEMORY") == "out of memory"
    assert told_end(None, "") == "it is not in the queue any more"
    log = tmp_path / "log-0.txt"
    assert last_words(log) == "it has left no log"
    log.write_text('{"event": "Progress"}\nError: no data.\n{"event": "Message"}\nGet them.\n')
    assert last_words(log) == "Error: no data. Get them."
