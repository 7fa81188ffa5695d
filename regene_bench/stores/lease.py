"""Leases: who is at work on what, where no operating system can hold a lock.

A lease is a small object with its owner and how long it holds without being renewed. It is made by
"put if absent", and renewed, taken over and given back by "put if unchanged", so that of any number
who try at once one succeeds. It is never deleted: of a delete no condition is held everywhere, and
one that comes late would remove somebody else's.

Whether a lease is over is not read off the clock of its owner: whoever wants it has to see it
unchanged for as long as it holds, by a clock of their own. Only one that ended long ago by all
clocks is taken at once.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from regene_bench.stores.store import ResultsStore, StoreError

FOLDER: Final = "leases"
# clocks of machines that are set by hand may differ by minutes
_CLOCKS_DIFFER_SECONDS: Final = 600.0

Clock = Callable[[], float]


class LeaseLost(StoreError):
    """Others hold what this process held: it was not heard of for too long."""


@dataclass(frozen=True)
class _Told:
    """What a lease says.

    Attributes:
        owner: A word of its own for each time that it was taken; empty once it was given back.
        place: Where the owner is: of processes of one place the file lock tells which lives.
        seconds: How long it holds from when it was written.
        until: When that is over, by the owner's clock, in seconds since 1970.
    """

    owner: str
    place: str
    seconds: float
    until: float


class Leases:
    """The leases of a store, as one process sees them. For one thread at a time.

    Args:
        store: Where they lie.
        place: What tells this machine and mirror from others.
        seconds: How long a lease holds without being renewed.
        clock: Seconds that pass, from whenever.
        now: Seconds since 1970.
    """

    def __init__(
        self,
        store: ResultsStore,
        place: str,
        seconds: float,
        *,
        clock: Clock = time.monotonic,
        now: Clock = time.time,
    ) -> None:
        self._store = store
        self._place = place
        self.seconds = seconds
        self._clock = clock
        self._now = now
        self._seen: dict[str, tuple[str, float]] = {}

    def take(self, name: str, *, alone: bool = False) -> Lease | None:
        """Take a lease if nobody has it, or whoever had it is not heard of any more.

        Args:
            name: Of what it is, such as a run's id.
            alone: No other process of this place is at work on it: a lease of this place is that
                of a process which has ended.

        Returns:
            The lease; ``None`` while somebody else has it.

        Raises:
            StoreError: The store cannot be reached.
        """
        key = f"{FOLDER}/{name}.json"
        found = self._store.get(key)
        if found is not None and not self._is_over(key, *found, alone=alone):
            return None
        lease = Lease(self._store, key, self._place, self.seconds, self._clock, self._now)
        return lease if lease.begin(found and found[1]) else None

    def _is_over(self, key: str, content: bytes, stamp: str, *, alone: bool) -> bool:
        told = _read(content)
        if told is not None:
            if not told.owner or (alone and told.place == self._place):
                return True
            if self._now() > told.until + _CLOCKS_DIFFER_SECONDS:
                return True
        before, since = self._seen.get(key, ("", 0.0))
        if before != stamp:
            self._seen[key] = (stamp, self._clock())
            return False
        return self._clock() - since > (self.seconds if told is None else told.seconds)


class Lease:
    """One lease that this process has taken. May be renewed by one thread and asked by another."""

    def __init__(
        self, store: ResultsStore, key: str, place: str, seconds: float, clock: Clock, now: Clock
    ) -> None:
        self._store = store
        self._key = key
        self._place = place
        self._seconds = seconds
        self._clock = clock
        self._now = now
        self._owner = secrets.token_hex(8)
        self._stamp = ""
        self._beat = 0
        self._at_work = threading.Lock()
        self.is_lost = False

    def begin(self, stamp: str | None) -> bool:
        """Take it in place of what has this stamp, or of nothing; false if somebody was quicker."""
        content = self._content(self._owner)
        taken = (
            self._store.put_if_absent(self._key, content)
            if stamp is None
            else self._store.put_if_unchanged(self._key, content, stamp)
        )
        self._stamp = taken or ""
        return taken is not None

    def renew(self) -> None:
        """Hold it for as long again.

        Raises:
            LeaseLost: Somebody else has taken it over.
            StoreError: The store cannot be reached; it may still hold, or not.
        """
        with self._at_work:
            if not self.is_lost:
                renewed = self._put(self._owner) or self._put_after_a_lost_answer()
                self.is_lost = renewed is None
                self._stamp = renewed or ""
            if self.is_lost:
                raise LeaseLost(
                    f"{self._store.address}: others have taken over what this process was at; it "
                    f"was not heard of for {self._seconds:.0f} s.",
                    hint="Call again: what they have finished is kept.",
                )

    def give_back(self) -> None:
        """Let others have it at once; nothing happens if they have it already.

        Raises:
            StoreError: The store cannot be reached; others wait until it is over.
        """
        with self._at_work:
            if not self.is_lost:
                self._put("")
                self.is_lost = True

    def _put_after_a_lost_answer(self) -> str | None:
        """Renew it if what is there is ours: the last time it was, and nobody could say so."""
        found = self._store.get(self._key)
        told = None if found is None else _read(found[0])
        if found is None or told is None or told.owner != self._owner:
            return None
        self._stamp = found[1]
        return self._put(self._owner)

    def _put(self, owner: str) -> str | None:
        return self._store.put_if_unchanged(self._key, self._content(owner), self._stamp)

    def _content(self, owner: str) -> bytes:
        # counted, so that no two are equal: an ETag is that of the content
        self._beat += 1
        told = {
            "owner": owner,
            "place": self._place,
            "seconds": self._seconds,
            "until": round(self._now() + self._seconds, 3),
            "beat": f"{self._owner}-{self._beat}",
        }
        return json.dumps(told).encode()


def _read(content: bytes) -> _Told | None:
    """What a lease says; ``None`` of what is none."""
    try:
        match json.loads(content):
            case {
                "owner": str(o),
                "place": str(p),
                "seconds": float(s) | int(s),
                "until": float(u),
            }:
                return _Told(o, p, s, u)
    except ValueError:
        pass
    return None
