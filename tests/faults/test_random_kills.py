"""A campaign that is killed again and again ends with the table of an undisturbed one."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.processes import environment, parts, scores, start

KILLS = 10
METHODS = ",".join(
    [
        "regene[classifier_images=9600,decoder_images=9600,classifier_batch_size=32,"
        "decoder_batch_size=32,encoder_width=8,decoder_width=8]",
        "cgan[images=9600,batch_size=32,width=8,discriminator_width=8]",
    ]
)


class Ended(NamedTuple):
    code: int
    seconds: float
    err: str


class Campaign:
    """One campaign in folders of its own: results and cache begin empty.

    Calls are timed from their first sign of life, since before it nothing is written.
    """

    def __init__(self, folder: Path, protocol: Path) -> None:
        folder.mkdir()
        self.results = folder / "results"
        self._folder = folder
        self._arguments = ["run", str(protocol), "--methods", METHODS, "--checkpoint-every", "0.2s"]
        self._calls = 0

    def call(self, kill_after: float | None = None) -> Ended:
        """Call once, and kill it if it is still at work after so many seconds."""
        self._calls += 1
        log = self._folder / f"{self._calls}.log"
        with log.open("w") as stream:
            variables = environment(self._folder / "cache")
            process = start(self._arguments, self._folder, variables, errors=stream.fileno())
            while process.poll() is None and log.stat().st_size == 0:
                time.sleep(0.005)
            began = time.monotonic()
            try:
                process.wait(120 if kill_after is None else kill_after)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait(60)
        assert process.returncode is not None
        return Ended(process.returncode, time.monotonic() - began, log.read_text())


@pytest.mark.slow
def test_killed_at_ten_random_moments_it_ends_with_the_same_table(
    light_protocol: Path, tmp_path: Path
) -> None:
    undisturbed = Campaign(tmp_path / "undisturbed", light_protocol)
    ended = undisturbed.call()
    assert ended.code == 0, ended.err
    expected = scores(undisturbed.results)
    assert {key[1] for key in expected} == {"regene", "cgan"}

    rng = random.Random(20260101)
    kills = resumed = campaigns = 0
    while kills < KILLS:
        campaigns += 1
        campaign = Campaign(tmp_path / f"killed {campaigns}", light_protocol)
        while True:
            moment = rng.uniform(0, ended.seconds) if kills < KILLS else None
            call = campaign.call(moment)
            resumed += call.err.count("goes on at")
            if call.code == 0:
                break
            assert call.code == -signal.SIGKILL, call.err
            kills += 1
            # what is there at any moment is whole, and part of the right table
            for key, row in scores(campaign.results).items():
                assert expected[key] == row
        assert scores(campaign.results) == expected
        assert len(parts(campaign.results)) == 2
    assert kills == KILLS
    assert resumed > 0
