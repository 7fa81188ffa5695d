"""Machines that share runs by the same command, as real processes with caches of their own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from regene_bench.stores.store import ResultsStore
from tests.docs.engine_commands import commands_with, shortened
from tests.processes import environment, regene_bench, start
from tests.warm import WarmProcess

pytestmark = pytest.mark.slow

LONG = "cvae[images=12800,batch_size=32,encoder_width=4]"
_PATIENCE = 240.0


@dataclass(frozen=True)
class Machine:
    """A cache of its own, with what it takes long to prepare as all others have it."""

    folder: Path
    variables: dict[str, str]
    arguments: tuple[str, ...]

    @contextmanager
    def at_work(self) -> Iterator[subprocess.Popen[str] | WarmProcess]:
        """Call the command; what it says is in ``log``."""
        with self.log.open("wb") as log:
            process = start(self.arguments, self.folder, self.variables, errors=log.fileno())
            try:
                yield process
            finally:
                process.kill()

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What it told, of one kind."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [event for line in lines if (event := json.loads(line))["event"] == kind]


def machine(root: Path, cache: Path, address: str, *options: str, lease: float = 60) -> Machine:
    """Make a machine whose cache has what another one has, but for mirrors."""
    own = root / "cache"
    own.mkdir(parents=True)
    for entry in cache.iterdir():
        if entry.name != "stores":
            (own / entry.name).symlink_to(entry)
    variables = environment(own, REGENE_BENCH_LEASE=str(lease))
    arguments = ("run", *options, "--results", address, "--device", "cpu")
    return Machine(root, variables, arguments)


@pytest.fixture
def prepared(session_cache: Path, light_protocol: Path, tmp_path: Path) -> Path:
    """A cache in which everything is prepared."""
    arguments = ["run", str(light_protocol), "--methods", "real", "--results", "warm"]
    done = regene_bench([*arguments, "--device", "cpu"], tmp_path, environment(session_cache))
    assert done.returncode == 0, done.stderr
    return session_cache


def ended_runs(store: ResultsStore) -> list[str]:
    return [stored.key.rpartition("/")[2] for stored in store.list("leaderboard")]


def test_two_machines_share_the_runs_and_a_third_finds_them_done(
    address: str, store: ResultsStore, light_protocol: Path, prepared: Path, tmp_path: Path
) -> None:
    options = (str(light_protocol), "--methods", "cvae[images=6400]", "--seeds", "6")
    first, second, third = (
        machine(tmp_path / name, prepared, address, *options) for name in ("a", "b", "c")
    )
    with first.at_work() as one, second.at_work() as other:
        assert one.wait(_PATIENCE) == 0, first.log.read_text()
        assert other.wait(_PATIENCE) == 0, second.log.read_text()
    assert len(ended_runs(store)) == 6

    def drawn(by: Machine) -> set[str]:
        tasks = [event["task"] for event in by.events("Progress")]
        return {task for task in tasks if task.endswith(": generating")}

    assert len(drawn(first) | drawn(second)) == 6
    assert drawn(first) & drawn(second) == set()
    with third.at_work() as process:
        assert process.wait(_PATIENCE) == 0
    assert "6 parts, 6 of them fetched" in third.log.read_text()
    assert "6 finished runs were kept" in third.log.read_text()
    assert third.events("RunStarted") == []
    board = regene_bench(["leaderboard", "--results", address], third.folder, third.variables)
    assert board.returncode == 0, board.stderr
    assert "6 parts, 0 of them fetched" in board.stderr
    assert "cvae" in board.stdout


def test_who_is_killed_is_taken_over_where_it_was(
    address: str, store: ResultsStore, light_protocol: Path, prepared: Path, tmp_path: Path
) -> None:
    options = (str(light_protocol), "--methods", LONG, "--checkpoint-every", "0.2s")
    killed = machine(tmp_path / "a", prepared, address, *options, lease=4)
    with killed.at_work() as process:
        end = time.monotonic() + _PATIENCE
        while not any("/checkpoints/" in stored.key for stored in store.list("runs")):
            assert process.poll() is None, killed.log.read_text()
            assert time.monotonic() < end
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        assert process.wait(_PATIENCE) == -signal.SIGKILL
    assert ended_runs(store) == []
    other = machine(tmp_path / "b", prepared, address, *options, lease=4)
    with other.at_work() as process:
        assert process.wait(_PATIENCE) == 0, other.log.read_text()
    assert len(ended_runs(store)) == 1
    assert "waiting: another machine runs cvae" in other.log.read_text()
    assert re.search(r"cvae goes on at \d+%", other.log.read_text())


def test_commands_for_a_store_do_what_the_page_says(
    address: str, light_protocol: Path, prepared: Path, tmp_path: Path
) -> None:
    run, board = commands_with("--results", "s3://bucket/prefix")
    here = {"s3://bucket/prefix": address}
    arguments = shortened(run, light_protocol, **here)
    variables = environment(prepared)
    for command in (arguments, [here.get(word, word) for word in board]):
        done = regene_bench(command, tmp_path, variables)
        assert done.returncode == 0, done.stderr
    assert "real" in done.stdout
