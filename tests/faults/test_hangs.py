"""What hangs is ended: by the time limit, by the second Ctrl-C, by the limit of a run."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.harness.test_workers import _all_end, _descendants_of
from tests.processes import environment, parts, regene_bench, scores, start
from tests.warm import WarmProcess

pytestmark = pytest.mark.slow
has_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
on_linux = pytest.mark.skipif(os.uname().sysname != "Linux", reason="relies on Linux")


def call(protocol: Path, *does: str) -> list[str]:
    methods = f"misbehaving[does={'|'.join(does)}]"
    return ["run", str(protocol), "--methods", methods, "--device", "cpu"]


def begun(arguments: list[str], folder: Path, variables: dict[str, str], what: str) -> WarmProcess:
    """Start a command, and wait until it is at work on a run."""
    process = start(arguments, folder, variables)
    assert process.stderr is not None
    for line in process.stderr:
        if line == f"now it {what}\n":
            break
    return process  # type: ignore[return-value]


def test_the_time_limit_ends_a_method_that_never_looks(
    tmp_path: Path, light_protocol: Path, session_cache: Path, misbehaving: Path
) -> None:
    variables = environment(session_cache, misbehaving, REGENE_BENCH_GRACE="0.3")
    arguments = call(light_protocol, "well", "spin")
    regene_bench([*arguments[:3], "misbehaving", *arguments[4:]], tmp_path, variables)
    done = regene_bench([*arguments, "--time-limit", "4s"], tmp_path, variables)
    assert done.returncode == 130
    assert "misbehaving.py" in done.stderr
    assert "in spin" in done.stderr
    assert "harness" not in done.stderr.partition("but in")[2].partition("Stopped")[0]
    assert "To go on:" in done.stderr
    assert len(parts(tmp_path / "results")) == 1


@pytest.mark.parametrize("does", ["swallows", pytest.param("holds", marks=on_linux)])
def test_the_second_ctrl_c_always_ends_it(
    does: str, tmp_path: Path, light_protocol: Path, session_cache: Path, misbehaving: Path
) -> None:
    process = begun(
        call(light_protocol, does), tmp_path, environment(session_cache, misbehaving), does
    )
    for _ in range(2):  # not so fast that the system makes one of the two
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=30)
    # a shell calls both 130
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in rest


@has_proc
def test_workers_that_do_not_stop_are_ended_and_nothing_is_left(
    tmp_path: Path, light_protocol: Path, session_cache: Path, misbehaving: Path
) -> None:
    variables = environment(session_cache, misbehaving, REGENE_BENCH_GRACE="0.3")
    arguments = [*call(light_protocol, "holds", "child"), "--workers", "2"]
    process = begun(arguments, tmp_path, variables, "child")
    children = _descendants_of(process.pid)
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "no stop within" in rest
    assert "To go on:" in rest
    assert _all_end(children)


@has_proc
@on_linux
def test_a_worker_that_holds_the_interpreter_ends_with_a_parent_that_is_killed(
    tmp_path: Path, light_protocol: Path, session_cache: Path, misbehaving: Path
) -> None:
    arguments = [*call(light_protocol, "holds"), "--workers", "1"]
    process = begun(arguments, tmp_path, environment(session_cache, misbehaving), "holds")
    children = _descendants_of(process.pid)
    process.kill()
    process.communicate(timeout=30)
    assert children
    assert _all_end(children)


def test_a_run_that_takes_too_long_is_a_failed_row_and_the_next_one_begins(
    tmp_path: Path, light_protocol: Path, session_cache: Path, misbehaving: Path
) -> None:
    arguments = [*call(light_protocol, "holds", "child", "well"), "--run-timeout", "1s"]
    done = regene_bench(arguments, tmp_path, environment(session_cache, misbehaving))
    assert done.returncode == 3, done.stderr
    assert "took longer than 1 s and was ended, in holds (misbehaving.py, line" in done.stderr
    assert "took longer than 1 s and was ended, in child (misbehaving.py, line" in done.stderr
    statuses = {key[0]: row[0] for key, row in scores(tmp_path / "results").items() if not key[3]}
    assert list(statuses.values()) == ["failed", "failed"]
    assert len(parts(tmp_path / "results")) == 3
    texts = [path.read_text() for path in tmp_path.glob("results/runs/*/traceback.txt")]
    assert len(texts) == 2
    assert all("harness" not in text for text in texts)


def test_one_worker_scores_as_one_process_does(
    tmp_path: Path, light_protocol: Path, session_cache: Path
) -> None:
    methods = "autoencoder[images=640,encoder_width=8,decoder_width=8]"
    arguments = ["run", str(light_protocol), "--methods", methods, "--device", "cpu", "--results"]
    variables = environment(session_cache)
    regene_bench([*arguments, "one"], tmp_path, variables)
    regene_bench([*arguments, "other", "--run-timeout", "1h"], tmp_path, variables)
    assert scores(tmp_path / "one") == scores(tmp_path / "other") != {}


def test_runs_that_train_as_one_have_no_limit_of_their_own(
    tmp_path: Path, light_protocol: Path, session_cache: Path, misbehaving: Path
) -> None:
    more = ("--run-timeout", "1h", "--executor", "stacked")
    done = regene_bench(
        [*call(light_protocol, "well"), *more], tmp_path, environment(session_cache, misbehaving)
    )
    assert done.returncode == 2
    assert "Give either --executor stacked or --run-timeout." in done.stderr
