"""``regene-bench run``: exit codes, failed runs, interruption, repetition."""

from __future__ import annotations

import shlex
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest

from tests.plugins.distributions import install
from tests.processes import environment, parts, regene_bench, scores, start

METHODS = """
import time
from pathlib import Path
import torch
from regene_bench.api import Generation, Method, Stage, hookimpl, train

@hookimpl
def register_methods(register):
    for name in ("fine", "raising", "exiting", "shape", "nan", "range", "mute", "slow"):
        register(name, "fake_methods:" + name.title())

class Model:
    def __init__(self, images):
        self.images = images
    def generate(self, labels, rng):
        return Generation(self.images.expand(len(labels), -1, -1, -1))

class Fine(Method):
    images = torch.full((1, 1, 8, 8), 0.5)
    def fit(self, data, runtime):
        return Model(self.images)

class Shape(Fine):
    images = torch.zeros(1, 3, 9, 9)

class Nan(Fine):
    images = torch.full((1, 1, 8, 8), float("nan"))

class Range(Fine):
    images = torch.full((1, 1, 8, 8), 255.0)

class Mute(Method):
    def fit(self, data, runtime):
        return object()

class Raising(Method):
    def fit(self, data, runtime):
        raise RuntimeError("out of luck")

class Exiting(Method):
    def fit(self, data, runtime):
        raise SystemExit(0)

class Slow(Fine):
    def fit(self, data, runtime):
        network = torch.nn.Linear(1, 1)
        pause = 0.0 if Path("in haste").exists() else 0.1
        def step(batch):
            time.sleep(pause)
            return {"loss": network.bias.detach().sum()}
        train(Stage("slow", {"network": network}, {}, step, 8, 500 * 8), data.train, runtime)
        return Model(self.images)
"""
TINY = (
    "real",
    "cgan[images=640,width=4,discriminator_width=4,noise_dim=3]",
    "autoencoder[images=640,encoder_width=8,decoder_width=8]",
)


class Call(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Call]


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    install(folder, "fake-methods", METHODS)
    return folder


@pytest.fixture
def run(tmp_path: Path, plugins: Path, session_cache: Path) -> Run:
    """Call ``regene-bench run`` in a process of its own, in the test's folder."""
    variables = environment(session_cache, plugins)

    def call(*arguments: str | Path) -> Call:
        done = regene_bench(["run", *map(str, arguments)], tmp_path, variables)
        return Call(done.returncode, done.stdout, done.stderr)

    return call


# --- methods that break -----------------------------------------------------------------------


@pytest.mark.slow
def test_methods_that_break_are_failed_rows_and_the_others_go_on(
    run: Run, light_protocol: Path, tmp_path: Path
) -> None:
    methods = "raising,exiting,shape,nan,range,mute,fine,real"
    call = run(light_protocol, "--methods", methods)
    assert call.code == 3
    rows = [row for path in parts(tmp_path / "results") for row in pq.read_table(path).to_pylist()]
    failed = {row["method"]: row for row in rows if row["status"] == "failed"}
    assert {name: row["error_type"] for name, row in failed.items()} == {
        "raising": "RuntimeError",
        "exiting": "SystemExit",
        "shape": "MethodError",
        "nan": "MethodError",
        "range": "MethodError",
        "mute": "MethodError",
    }
    for name, message in {
        "raising": "out of luck",
        "shape": "generate gave shape [40, 3, 9, 9], not [40, 1, 8, 8].",
        "nan": "not finite in 40 of 40 images",
        "range": "values from 255 to 255, not in [0, 1]",
        "mute": "cannot generate",
    }.items():
        assert message in failed[name]["error_message"]
        assert message in call.err
    for row in failed.values():
        traceback = (tmp_path / "results" / row["traceback_path"]).read_text()
        assert traceback.startswith("Traceback")
        assert "fake_methods" in traceback or row["error_type"] == "MethodError"
    ok = {row["method"] for row in rows if row["status"] == "ok"}
    assert ok == {"fine", "real"}
    assert "fine" in call.out

    # a failed run is tried again, a finished one is not
    call = run(light_protocol, "--methods", "raising,fine")
    assert call.code == 3
    assert "1 finished runs were kept" in call.err
    assert call.err.count('"RunStarted"') == 1


@pytest.mark.slow
def test_all_runs_failed(run: Run, light_protocol: Path) -> None:
    call = run(light_protocol, "--methods", "raising,mute", "--seeds", "2")
    assert call.code == 4
    assert call.err.count("out of luck") >= 2


# --- runs that end well -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(
    tiny_protocol: Path, session_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The results folder of a call that ended well."""
    folder = tmp_path_factory.mktemp("finished")
    arguments = ["run", str(tiny_protocol), "--methods", ",".join(TINY)]
    done = regene_bench(arguments, folder, environment(session_cache))
    assert done.returncode == 0, done.stderr
    assert "fd_efficientnet_lite0" in done.stdout
    return folder / "results"


@pytest.mark.slow
def test_every_run_has_all_its_rows_and_a_picture(finished: Path) -> None:
    table = scores(finished)
    assert len(parts(finished)) == 3
    metrics = {"fd_efficientnet_lite0", "accuracy_neutral", "is_neutral"}
    for method in ("real", "cgan", "autoencoder"):
        ok = {key[3] for key, row in table.items() if key[1] == method and row[0] == "ok"}
        assert ok >= metrics
        classes = {key[4] for key in table if key[1:2] + key[3:4] == (method, "accuracy_neutral")}
        assert classes == {None, *"0123456789"}
    skipped = {key[1] for key, row in table.items() if key[3] == "mae_test" and row[0] == "skipped"}
    assert skipped == {"real", "cgan"}
    assert len(list(finished.glob("runs/*/samples.png"))) == 3


@pytest.mark.slow
def test_the_same_seed_gives_the_same_scores_and_another_does_not(
    finished: Path, run: Run, tiny_protocol: Path, tmp_path: Path
) -> None:
    assert run(tiny_protocol, "--methods", ",".join(TINY), "--seeds", "2").code == 0
    again = scores(tmp_path / "results")
    assert {key: row for key, row in again.items() if key[2] == 0} == scores(finished)

    def distance(seed: int) -> float | None:
        (value,) = (
            row[1]
            for key, row in again.items()
            if key[1:4] == ("autoencoder", seed, "fd_efficientnet_lite0")
        )
        return value

    assert distance(0) != distance(1)


@pytest.mark.slow
def test_a_second_call_repeats_no_finished_run(
    finished: Path, run: Run, tiny_protocol: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path / "results")
    before = {path: path.stat().st_mtime_ns for path in parts(tmp_path / "results")}
    torn = parts(tmp_path / "results")[0].with_name("torn.parquet")
    torn.write_bytes(parts(tmp_path / "results")[0].read_bytes()[:500])
    call = run(tiny_protocol, "--methods", ",".join(TINY))
    assert call.code == 0
    assert "3 finished runs were kept; --force repeats them." in call.err
    assert "RunStarted" not in call.err
    assert {path: path.stat().st_mtime_ns for path in before} == before
    # the torn file is named, skipped and left
    assert "torn.parquet" in call.err + call.out
    assert torn.stat().st_size == 500
    assert "autoencoder" in call.out


# --- stopping and going on --------------------------------------------------------------------


def make_haste(folder: Path) -> None:
    """Let the method ``slow``, whose steps take 50 s otherwise, no longer sleep in them."""
    (folder / "in haste").touch()


def went_on(call: Call) -> bool:
    return "slow goes on at" in call.err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_saves_and_the_printed_command_goes_on(
    name: str, run: Run, light_protocol: Path, plugins: Path, session_cache: Path, tmp_path: Path
) -> None:
    arguments = ["run", str(light_protocol), "--methods", "fine,slow", "--results", "my results"]
    process = start(arguments, tmp_path, environment(session_cache, plugins))
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if '"Progress"' in line and ": slow" in line:
            process.send_signal(getattr(signal, name))
            break
    lines += process.stderr.readlines()
    assert process.wait(60) == 130
    told = "".join(lines)
    assert f"Stopped by {name}; nothing is lost." in told
    command = shlex.split(lines[-1])
    assert command == ["regene-bench", *arguments]
    assert len(parts(tmp_path / "my results")) == 1

    make_haste(tmp_path)
    call = run(*command[2:])
    assert call.code == 0
    assert went_on(call)
    assert "1 finished runs were kept" in call.err
    assert len(parts(tmp_path / "my results")) == 2


@pytest.mark.slow
def test_a_time_limit_saves_and_the_next_call_ends(
    run: Run, light_protocol: Path, tmp_path: Path
) -> None:
    arguments = (light_protocol, "--methods", "slow")
    # Training takes at least 50 s. On a busy machine a limit may be over before it begins; then the
    # next one, less than 50 s longer, is still too short for it.
    for limit in ("3s", "8s", "15s", "29s"):
        call = run(*arguments, "--time-limit", limit)
        assert call.code == 130
        assert "Stopped by the time limit; nothing is lost." in call.err
        if list(tmp_path.glob("results/runs/*/checkpoints/slow.safetensors")):
            break
    assert parts(tmp_path / "results") == []
    make_haste(tmp_path)
    call = run(*arguments)
    assert call.code == 0
    assert went_on(call)
    assert len(parts(tmp_path / "results")) == 1
