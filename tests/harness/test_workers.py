"""Runs in worker processes: the same scores as one after another, and a clear end when stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import environment, parts, regene_bench, scores, start

pytestmark = pytest.mark.slow
has_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

METHODS = "real,autoencoder[images=1280|1600,encoder_width=8,decoder_width=8]"
# so many steps a run that the first word of a training comes long before its end, also on fast
# processors, and a signal finds it at work
LONG = "real,autoencoder[images=1440|1920,batch_size=2,encoder_width=8,decoder_width=8]"


def call(protocol: Path, results: str, *more: str, methods: str = METHODS) -> list[str]:
    return [
        *("run", str(protocol), "--methods", methods, "--seeds", "2", "--results", results),
        *("--device", "cpu", *more),
    ]


def long_call(protocol: Path) -> list[str]:
    return call(protocol, "long", "--workers", "2", methods=LONG)


@pytest.fixture(scope="module")
def one_process(
    light_protocol: Path, session_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The results folder of the same runs, carried out one after another."""
    folder = tmp_path_factory.mktemp("one process")
    done = regene_bench(call(light_protocol, "one"), folder, environment(session_cache))
    assert done.returncode == 0, done.stderr
    return folder / "one"


def test_workers_score_as_one_process_does(
    tmp_path: Path, light_protocol: Path, session_cache: Path, one_process: Path
) -> None:
    variables = environment(session_cache)
    two = regene_bench(call(light_protocol, "two", "--workers", "2"), tmp_path, variables)
    assert two.returncode == 0, two.stderr
    first, second = scores(one_process), scores(tmp_path / "two")
    assert len(first) > 0
    assert first == second


def test_devices_share_the_runs_and_score_the_same(
    tmp_path: Path, light_protocol: Path, session_cache: Path, one_process: Path
) -> None:
    asked = [part for part in call(light_protocol, "two") if part not in ("--device", "cpu")]
    shared = [*asked, "--devices", "cpu,cpu"]
    two = regene_bench(shared, tmp_path, environment(session_cache))
    assert two.returncode == 0, two.stderr
    assert scores(tmp_path / "two") == scores(one_process)


def test_a_script_needs_no_guard_against_running_again_in_each_worker(
    tmp_path: Path, light_protocol: Path, session_cache: Path
) -> None:
    (tmp_path / "script.py").write_text(
        "import regene_bench\n"
        "print('once')\n"
        f"regene_bench.run({str(light_protocol)!r}, methods=['real'], seeds=2, preset='quick',"
        " workers=2, results='out', device='cpu')\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=environment(session_cache),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "once\n"), done.stderr
    assert len(parts(tmp_path / "out")) == 2


def test_finished_runs_are_not_repeated(
    tmp_path: Path, light_protocol: Path, session_cache: Path, one_process: Path
) -> None:
    shutil.copytree(one_process, tmp_path / "two")
    variables = environment(session_cache)
    again = regene_bench(call(light_protocol, "two", "--workers", "2"), tmp_path, variables)
    assert "6 finished runs were kept" in again.stderr
    assert "RunStarted" not in again.stderr


@has_proc
def test_a_stop_reaches_the_workers_and_the_same_call_goes_on(
    tmp_path: Path, light_protocol: Path, session_cache: Path
) -> None:
    variables = environment(session_cache)
    long = long_call(light_protocol)
    process = start(long, tmp_path, variables)
    assert process.stderr is not None
    for line in process.stderr:
        if '"RunStarted"' in line and "autoencoder" in line:
            break
    children = _descendants_of(process.pid)
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 130, rest
    assert "To go on:" in rest
    assert _all_end(children)
    ended = regene_bench(long, tmp_path, variables)
    assert ended.returncode == 0, ended.stderr
    assert len(parts(tmp_path / "long")) == 6


@has_proc
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"])
def test_a_signal_to_the_whole_group_loses_no_training(
    name: str, tmp_path: Path, light_protocol: Path, session_cache: Path
) -> None:
    """As by a key press or a scheduler: each process gets it, and the parent forwards it."""
    variables = environment(session_cache)
    long = long_call(light_protocol)
    process = start([*long, "--checkpoint-every", "10m"], tmp_path, variables, own_group=True)
    assert process.stderr is not None
    for line in process.stderr:
        if '"Progress"' in line and ": autoencoder" in line:
            break
    os.killpg(process.pid, getattr(signal, name))
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    ended = regene_bench(long, tmp_path, variables)
    assert ended.returncode == 0, ended.stderr
    assert "autoencoder goes on at" in ended.stderr


@has_proc
def test_workers_end_with_a_parent_that_is_killed(
    tmp_path: Path, light_protocol: Path, session_cache: Path
) -> None:
    long = long_call(light_protocol)
    process = start(long, tmp_path, environment(session_cache))
    assert process.stderr is not None
    for line in process.stderr:
        if '"RunStarted"' in line and "autoencoder" in line:
            break
    children = _descendants_of(process.pid)
    assert len(children) >= 3  # two workers, and on Linux the server that they were forked from
    process.kill()
    process.communicate(timeout=60)
    assert _all_end(children)


def _descendants_of(pid: int) -> list[int]:
    children = _children_of(pid)
    return children + [below for child in children for below in _descendants_of(child)]


def _children_of(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def _all_end(processes: list[int]) -> bool:
    deadline = time.monotonic() + 30
    while any(_is_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not any(_is_alive(process) for process in processes)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
