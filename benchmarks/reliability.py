"""Prints how campaigns fare that are killed, as docs/reliability.md says: tried, and survived.

Real processes of a tiny campaign are killed at random moments, and at one file event after the
other (before something is made, renamed or removed in the results folder), for each way of carrying
out runs; of workers also one that writes. After some kills a campaign is let end, and its table
compared with the undisturbed one, number by number.

Then campaigns are stopped by signals at random moments, which end with exit code 130.

Then files of each kind are cut off, and bits of them flipped, and each is read as the program reads
it, and looked at by ``verify``.

Usage: python benchmarks/reliability.py [--kills 200] [--stops 45] [--damages 20] [--seed 0]
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.conftest import tiny_protocol_text
from tests.faults.campaigns import (
    WAYS,
    Campaign,
    Table,
    Tally,
    install_misbehaving,
    kill_at_events,
    kill_at_moments,
    stop_at_moments,
)
from tests.faults.damages import copy_from_the_first_part, damage, kinds

AT_ONCE = 6  # kills of one campaign at most
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EVERY = 3  # which file events: every third


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="in all, about")
    parser.add_argument("--stops", type=int, default=45, help="in all, about")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--damages", type=int, default=20, help="of each kind of file, each way")
    given = parser.parse_args()
    os.environ["REGENE_BENCH_OFFLINE"] = "1"
    os.environ["OMP_NUM_THREADS"] = "1"  # as of the campaigns, which then need not import it all
    for sent in STOPPING:  # a shell's background jobs ignore some, and so would what they start
        signal.signal(sent, signal.SIG_DFL)
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        trials = Trials(Path(folder))
        if given.kills:
            print_kills(trials, given.kills, rng)
        if given.stops:
            print_stops(trials, given.stops, rng)
        if given.damages:
            print_damages(trials, given.damages, rng)


def print_kills(trials: Trials, kills: int, rng: random.Random) -> None:
    each = kills // (2 * len(WAYS) + 1)
    print(f"{'carried out':<12} {'killed at':<28} {'kills':>6} {'campaigns':>10} {'equal':>6}")
    total = Tally()
    for way in WAYS:
        for what, tally in trials.of(way, each, rng):
            print(
                f"{way:<12} {what:<28} {tally.kills:>6} {tally.campaigns:>10} {tally.equal:>6}",
                flush=True,
            )
            for text in tally.wrong or []:
                print(f"  {text}")
            total.kills += tally.kills
            total.campaigns += tally.campaigns
            total.equal += tally.equal
    print(f"{'all':<12} {'':<28} {total.kills:>6} {total.campaigns:>10} {total.equal:>6}")


def print_stops(trials: Trials, stops: int, rng: random.Random) -> None:
    each = stops // (len(WAYS) * len(STOPPING))
    columns = f"{'stops':>6} {'campaigns':>10} {'equal':>6} {'longest, s':>11}"
    print(f"{'carried out':<12} {'stopped by':<28} {columns}")
    for way in WAYS:
        for sent, tally in trials.stopped(way, each, rng):
            counts = f"{tally.kills:>6} {tally.campaigns:>10} {tally.equal:>6}"
            print(f"{way:<12} {sent.name:<28} {counts} {tally.longest:>11.1f}", flush=True)
            for text in tally.wrong or []:
                print(f"  {text}")


def print_damages(trials: Trials, places: int, rng: random.Random) -> None:
    campaign = trials.campaign("serial")
    if (ended := campaign.call()).code != 0:
        raise SystemExit(ended.err)
    os.environ["REGENE_BENCH_CACHE"] = str(trials.cache)
    columns = ("tried", "equal", "not believed", "wrong", "named")
    print(f"{'file':<20} {'damage':<10}" + "".join(f" {name:>12}" for name in columns))
    with pytest.MonkeyPatch.context() as patch:
        copy_from_the_first_part(patch)
        for kind in kinds(campaign.results):
            for how in ("truncated", "flipped"):
                found = damage(kind, campaign.results, how, places, rng)
                counts = (found.tried, found.equal, found.passed_over, found.wrong, found.named)
                cells = "".join(f" {count:>12}" for count in counts)
                print(f"{kind.name:<20} {how:<10}{cells}", flush=True)


class Trials:
    """Campaigns of one protocol, and the tables that they should end with.

    Args:
        folder: All files lie in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.cache = folder / "cache"
        self._protocol = folder / "light.toml"
        text = tiny_protocol_text("neutral", "trials", rank_by="accuracy_neutral")
        self._protocol.write_text(text.replace('"tiny"', '"light"'))
        self._plugins = install_misbehaving(folder / "plugins")
        self._numbers = itertools.count()

    def of(self, way: str, kills: int, rng: random.Random) -> Iterator[tuple[str, Tally]]:
        """Yield how campaigns fare that are carried out in a way, by where they are killed."""
        seconds, expected = self._undisturbed(way)
        tally = Tally()
        while tally.kills < kills:
            kill_at_moments(self.campaign(way), expected, seconds / 2, AT_ONCE, rng, tally)
        yield "random moments", tally
        yield "file events", self._at_events(way, "parent", kills, expected)
        if way == "workers":
            yield "file events of workers", self._at_events(way, "workers", kills, expected)

    def stopped(
        self, way: str, stops: int, rng: random.Random
    ) -> Iterator[tuple[signal.Signals, Tally]]:
        """Yield how campaigns fare that signals stop, which leave time to save."""
        seconds, expected = self._undisturbed(way)
        for sent in STOPPING:
            tally = Tally()
            while tally.kills < stops:
                campaign = self.campaign(way)
                stop_at_moments(campaign, expected, seconds * 0.8, sent, AT_ONCE, rng, tally)
                if tally.campaigns > stops:
                    tally.wrong = [*(tally.wrong or []), f"{sent.name} is not heeded"]
                    break
            yield sent, tally

    def _undisturbed(self, way: str) -> tuple[float, Table]:
        """Seconds that a campaign takes, and its table."""
        self.campaign(way).call()  # fills the cache
        undisturbed = self.campaign(way)
        ended = undisturbed.call()
        if ended.code != 0:
            raise SystemExit(ended.err)
        return ended.seconds, undisturbed.table()

    def _at_events(self, way: str, role: str, kills: int, expected: Table) -> Tally:
        tally, first = Tally(), 1
        while tally.kills < kills:
            numbers = range(first, first + EVERY * AT_ONCE, EVERY)
            before = tally.kills
            kill_at_events(self.campaign(way), expected, role, numbers, tally)
            # past the last event begin anew, at those that were passed over
            first = first + EVERY if tally.kills > before else first % EVERY + 1
            if tally.campaigns > kills:  # so few events are there
                break
        return tally

    def campaign(self, way: str) -> Campaign:
        """A campaign in a folder of its own."""
        folder = self._folder / f"{next(self._numbers)}"
        return Campaign(folder, self._protocol, self._plugins, self.cache, WAYS[way])


if __name__ == "__main__":
    main()
