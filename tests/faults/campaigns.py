"""Campaigns of real processes that are killed, and what is left of them."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.plugins.distributions import install
from tests.processes import Key, environment, scores, start

# a few steps a run; each keeps checkpoints, generates, is measured and writes pictures
METHODS = (
    "real,cgan[images=640,batch_size=32,width=4,discriminator_width=4,noise_dim=0|2],"
    "cvae[images=640]"
)
WAYS = {
    "serial": (),
    "workers": ("--workers", "2"),
    "stacked": ("--executor", "stacked"),
}
"""Options by how runs are carried out."""
_PLUGIN = Path(__file__).with_name("misbehaving.py")
_MOST_SECONDS = 120.0
Table = dict[Key, tuple[str, float | None, float | None]]


def install_misbehaving(folder: Path) -> Path:
    """Install the misbehaving plugin into a folder, which goes onto the path of processes."""
    folder.mkdir(parents=True, exist_ok=True)
    install(folder, "misbehaving", _PLUGIN.read_text())
    return folder


class Ended(NamedTuple):
    """How a call ended.

    Attributes:
        code: Its exit code; the negative number of the signal that killed it.
        seconds: From its first word, before which nothing is written.
        err: What it said.
        seconds_to_stop: From the signal that it was sent, if it was.
    """

    code: int
    seconds: float
    err: str
    seconds_to_stop: float | None = None


@dataclass(frozen=True)
class Event:
    """At which file event a process is killed.

    Attributes:
        role: ``parent``, ``worker`` (one of them) or ``workers`` (each that comes so far).
        number: The number of the event in that process, from 1.
    """

    role: str
    number: int


class Campaign:
    """One campaign in a folder of its own, which is called until it ends.

    Args:
        folder: Made for it.
        protocol: Its benchmark.
        plugins: Where the misbehaving plugin is installed.
        cache: The cache; several campaigns may share one.
        options: More of the command line.
        methods: What is run.
    """

    def __init__(
        self,
        folder: Path,
        protocol: Path,
        plugins: Path,
        cache: Path,
        options: Sequence[str] = (),
        methods: str = METHODS,
    ) -> None:
        folder.mkdir(parents=True)
        self.results = folder / "results"
        self._folder = folder
        self._plugins = plugins
        self._cache = cache
        self._arguments = ["run", str(protocol), "--methods", methods, "--device", "cpu"]
        self._arguments += ["--precision", "float32", *options]

    def call(
        self,
        after: float | None = None,
        at: Event | None = None,
        *more: str,
        sent: signal.Signals = signal.SIGKILL,
    ) -> Ended:
        """Call once.

        Args:
            after: Kill it if it is still at work so many seconds after its first word.
            at: Kill it, or a worker of it, at a file event.
            more: More of the command line.
            sent: What it is killed or stopped by; all of its processes get it but for SIGKILL, as
                from a terminal.
        """
        Path(f"{self.results}.killed").unlink(missing_ok=True)
        variables = environment(self._cache, self._plugins)
        if at is not None:
            variables["REGENE_BENCH_KILL"] = f"{at.role}:{at.number}:{self.results}"
        with tempfile.NamedTemporaryFile(suffix=".log") as log:
            process = start(
                [*self._arguments, *more],
                self._folder,
                variables,
                own_group=sent != signal.SIGKILL,
                errors=log.fileno(),
            )
            while process.poll() is None and Path(log.name).stat().st_size == 0:
                time.sleep(0.01)
            began = time.monotonic()
            sent_at = None
            try:
                process.wait(_MOST_SECONDS if after is None else after)
            except subprocess.TimeoutExpired:
                sent_at = time.monotonic()
                if sent == signal.SIGKILL:
                    process.send_signal(sent)
                else:
                    os.killpg(process.pid, sent)
                process.wait(_MOST_SECONDS)
            said = Path(log.name).read_text(errors="replace")
        assert process.returncode is not None
        now = time.monotonic()
        after_it = None if sent_at is None else now - sent_at
        return Ended(process.returncode, now - began, said, after_it)

    def table(self) -> Table:
        """Its scores as they are on disk."""
        return scores(self.results)


@dataclass
class Tally:
    """How campaigns fared that were killed.

    Attributes:
        kills: Kills in all.
        campaigns: Campaigns that they were spread over.
        equal: Campaigns of which the table was the undisturbed one in the end.
        longest: Seconds that a stop took at most.
        wrong: What was found where it was not.
    """

    kills: int = 0
    campaigns: int = 0
    equal: int = 0
    longest: float = 0.0
    wrong: list[str] | None = None


def kill_at_events(
    make: Campaign, expected: Table, role: str, numbers: Sequence[int], tally: Tally
) -> None:
    """Kill one campaign at one file event after the other, then let it end."""
    killed = 0
    for number in numbers:
        ended = make.call(None, Event(role, number))
        lines = [line for line in ended.err.splitlines() if '"RunFinished"' in line]
        killed += sum("SIGKILL" in line for line in lines) + (ended.code == -signal.SIGKILL)
        if ended.code == 0:
            break
    _count(make, expected, killed, tally, ended)


def kill_at_moments(
    make: Campaign, expected: Table, seconds: float, kills: int, rng: random.Random, tally: Tally
) -> None:
    """Kill one campaign at random moments of what it takes undisturbed, then let it end."""
    killed = 0
    for _ in range(kills):
        ended = make.call(rng.uniform(0, seconds))
        killed += ended.code == -signal.SIGKILL
        if ended.code == 0:
            break
    _count(make, expected, killed, tally, ended)


def stop_at_moments(
    make: Campaign,
    expected: Table,
    seconds: float,
    sent: signal.Signals,
    stops: int,
    rng: random.Random,
    tally: Tally,
) -> None:
    """Stop one campaign at random moments of what it takes undisturbed, then let it end.

    A stop ends with exit code 130 and without a traceback. Before the first run and after the last
    one, when there is nothing to save, the signal itself may end the process.
    """
    heeded = 0
    for _ in range(stops):
        ended = make.call(rng.uniform(0, seconds), sent=sent)
        if ended.seconds_to_stop is not None:
            tally.longest = max(tally.longest, ended.seconds_to_stop)
            fine = (130,) if _in_a_run(ended.err) else (130, 0, -sent)
            if ended.code not in fine or "Traceback" in ended.err:
                why = f"{sent.name}: exit code {ended.code}: {ended.err[-600:]}"
                tally.wrong = [*(tally.wrong or []), why]
            heeded += ended.code != 0
        if ended.code == 0:
            break
    _count(make, expected, heeded, tally, ended)


def _in_a_run(said: str) -> bool:
    """Tell by the events of a process whether it ended within a run."""
    return said.count('"RunStarted"') > said.count('"RunFinished"')


def _count(campaign: Campaign, expected: Table, killed: int, tally: Tally, last: Ended) -> None:
    """Let a campaign end if it has not yet, and look at its table."""
    if last.code != 0:
        last = campaign.call()
    found = campaign.table()
    tally.kills += killed
    tally.campaigns += 1
    if last.code == 0 and found == expected:
        tally.equal += 1
    else:
        differing = sorted({str(k[1:4]) for k in expected if found.get(k) != expected[k]})
        text = f"exit code {last.code}, differing: {', '.join(differing[:5])}"
        tally.wrong = [*(tally.wrong or []), text]
    shutil.rmtree(campaign.results, ignore_errors=True)
