"""Leases: one of many has it, who is not heard of loses it, and no clock is trusted."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from regene_bench.stores.lease import LeaseLost, Leases
from regene_bench.stores.local_store import LocalStore
from regene_bench.stores.store import ResultsStore, StoreError

RUN, SECONDS = "0123456789ab", 60.0


class Clock:
    """Time that passes when it is told to; a machine's own may be set wrong."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


class Machine:
    """Somebody who takes leases, with a clock that all share and a calendar of its own."""

    def __init__(
        self, store: ResultsStore, clock: Clock, place: str, *, wrong_by: float = 0
    ) -> None:
        self.leases = Leases(
            store, place, SECONDS, clock=clock, now=lambda: 1e9 + clock.seconds + wrong_by
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_one_has_it_until_it_is_given_back(store: ResultsStore, clock: Clock) -> None:
    ours, theirs = Machine(store, clock, "a"), Machine(store, clock, "b")
    lease = ours.leases.take(RUN)
    assert lease is not None
    assert theirs.leases.take(RUN) is None
    lease.give_back()
    again = theirs.leases.take(RUN)
    assert again is not None
    assert ours.leases.take(RUN) is None


def test_one_of_many_at_once_has_it(store: ResultsStore, clock: Clock) -> None:
    machines = [Machine(store, clock, f"m{number}") for number in range(16)]
    with ThreadPoolExecutor(16) as threads:
        taken = list(threads.map(lambda machine: machine.leases.take(RUN), machines))
    assert sum(lease is not None for lease in taken) == 1


def test_who_renews_it_keeps_it(folder_store: LocalStore, clock: Clock) -> None:
    ours, theirs = Machine(folder_store, clock, "a"), Machine(folder_store, clock, "b")
    lease = ours.leases.take(RUN)
    assert lease is not None
    for _ in range(10):
        clock.seconds += SECONDS * 0.9
        lease.renew()
        assert theirs.leases.take(RUN) is None


def test_who_is_not_heard_of_loses_it(store: ResultsStore, clock: Clock) -> None:
    ours, theirs = Machine(store, clock, "a"), Machine(store, clock, "b")
    lease = ours.leases.take(RUN)
    assert lease is not None
    assert theirs.leases.take(RUN) is None
    clock.seconds += SECONDS - 1
    assert theirs.leases.take(RUN) is None
    clock.seconds += 2
    assert theirs.leases.take(RUN) is not None
    assert not lease.is_lost
    with pytest.raises(LeaseLost, match="not heard of for 60 s"):
        lease.renew()
    assert lease.is_lost


def test_an_answer_that_was_lost_is_no_lost_lease(tmp_path: Path, clock: Clock) -> None:
    class Loses(LocalStore):
        loses = False

        def put_if_unchanged(self, key: str, content: bytes, stamp: str) -> str | None:
            put = super().put_if_unchanged(key, content, stamp)
            if self.loses:
                raise StoreError("there is no answer")
            return put

    store = Loses(tmp_path)
    lease = Machine(store, clock, "a").leases.take(RUN)
    assert lease is not None
    store.loses = True
    with pytest.raises(StoreError, match="no answer"):
        lease.renew()
    store.loses = False
    lease.renew()
    assert not lease.is_lost
    assert Machine(store, clock, "b").leases.take(RUN) is None


def test_who_lost_it_takes_nothing_from_whoever_has_it(
    folder_store: LocalStore, clock: Clock
) -> None:
    ours, theirs = Machine(folder_store, clock, "a"), Machine(folder_store, clock, "b")
    lease = ours.leases.take(RUN)
    assert lease is not None
    theirs.leases.take(RUN)
    clock.seconds += SECONDS + 1
    taken = theirs.leases.take(RUN)
    assert taken is not None
    lease.give_back()
    taken.renew()
    assert ours.leases.take(RUN) is None


@pytest.mark.parametrize("wrong_by", [-500.0, 500.0])
def test_a_clock_that_is_set_wrong_takes_nobodys_lease(
    folder_store: LocalStore, clock: Clock, wrong_by: float
) -> None:
    ours = Machine(folder_store, clock, "a", wrong_by=wrong_by)
    theirs = Machine(folder_store, clock, "b")
    lease = ours.leases.take(RUN)
    assert lease is not None
    for _ in range(5):
        assert theirs.leases.take(RUN) is None
        clock.seconds += SECONDS / 3
        lease.renew()


def test_one_that_ended_long_ago_by_all_clocks_is_taken_at_once(
    folder_store: LocalStore, clock: Clock
) -> None:
    assert Machine(folder_store, clock, "a").leases.take(RUN) is not None
    clock.seconds += SECONDS + 601
    assert Machine(folder_store, clock, "b").leases.take(RUN) is not None


def test_who_holds_the_lock_file_of_a_place_waits_for_no_dead_process_of_it(
    folder_store: LocalStore, clock: Clock
) -> None:
    assert Machine(folder_store, clock, "a").leases.take(RUN) is not None
    other_process, elsewhere = Machine(folder_store, clock, "a"), Machine(folder_store, clock, "b")
    assert elsewhere.leases.take(RUN, alone=True) is None
    assert other_process.leases.take(RUN) is None
    assert other_process.leases.take(RUN, alone=True) is not None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"owner": 3}', b"\xff"])
def test_what_is_no_lease_is_over_when_nobody_touches_it(
    folder_store: LocalStore, clock: Clock, content: bytes
) -> None:
    folder_store.put(f"leases/{RUN}.json", content)
    machine = Machine(folder_store, clock, "a")
    assert machine.leases.take(RUN) is None
    clock.seconds += SECONDS + 1
    assert machine.leases.take(RUN) is not None


def test_it_says_who_has_it_until_when(folder_store: LocalStore, clock: Clock) -> None:
    Machine(folder_store, clock, "a machine/0123").leases.take(RUN)
    found = folder_store.get(f"leases/{RUN}.json")
    assert found is not None
    told = json.loads(found[0])
    assert (told["place"], told["seconds"]) == ("a machine/0123", SECONDS)
    assert told["until"] == 1e9 + 1_000.0 + SECONDS
