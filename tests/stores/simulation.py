"""Many machines that share runs through a store, with time and faults made up.

Each writer is a greenlet, of which one is at work at a time: at every operation of the store the
next one is drawn, so that the same seed gives the same course of things, and any two operations of
any two writers may come between each other. Leases and mirrors are those that calls use; training
is time that passes. Writers are killed before or after an operation, are not heard of for longer
than a lease holds, and lose answers.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from greenlet import getcurrent, greenlet

from regene_bench.stores.lease import Lease, LeaseLost, Leases
from regene_bench.stores.mirror import Mirror, Superseded, part_key
from regene_bench.stores.store import ResultsStore, Stored, StoreError

_T = TypeVar("_T")
LEASE_SECONDS = 90.0
TRAINING_SECONDS = 300.0
OPERATION_SECONDS = 0.02
_LOOKS = 5


@dataclass(frozen=True)
class Faults:
    """How often, of operations of the store.

    Attributes:
        kill: The writer is killed, half of the times after the operation was carried out.
        stall: The writer is not heard of for one to five times as long as a lease holds.
        lose: There is no answer, half of the times though the operation was carried out.
    """

    kill: float = 0.0
    stall: float = 0.0
    lose: float = 0.0


@dataclass
class Course:
    """What happened.

    Attributes:
        runs: How many runs there were.
        parts: Runs with a part in the end.
        puts: Of each run, how many parts were put on the store.
        trained: Of each run, how many trainings came to their end.
        held_twice: How often two were at work on a run at once, though by their own clocks the
            leases of both had not run out.
        kills: Faults that came.
        stalls: Faults that came.
        lost: Faults that came.
        operations: Of the store, of all writers.
        hours: Of made-up time.
    """

    runs: int
    parts: int = 0
    puts: Counter[str] = field(default_factory=Counter)
    trained: Counter[str] = field(default_factory=Counter)
    held_twice: int = 0
    kills: int = 0
    stalls: int = 0
    lost: int = 0
    operations: int = 0
    hours: float = 0.0


class MemoryStore:
    """A store in memory with the ETags of S3: stamps are of the content."""

    address = "memory:"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def list(self, folder: str) -> list[Stored]:
        """As of ``ResultsStore``."""
        below = sorted(k for k in self.objects if not folder or k.startswith(f"{folder}/"))
        return [Stored(k, _stamp(self.objects[k]), len(self.objects[k])) for k in below]

    def look(self, key: str) -> Stored | None:
        """As of ``ResultsStore``."""
        found = self.objects.get(key)
        return None if found is None else Stored(key, _stamp(found), len(found))

    def get(self, key: str) -> tuple[bytes, str] | None:
        """As of ``ResultsStore``."""
        found = self.objects.get(key)
        return None if found is None else (found, _stamp(found))

    def put(self, key: str, content: bytes) -> str:
        """As of ``ResultsStore``."""
        self.objects[key] = content
        return _stamp(content)

    def put_if_absent(self, key: str, content: bytes) -> str | None:
        """As of ``ResultsStore``."""
        return None if key in self.objects else self.put(key, content)

    def put_if_unchanged(self, key: str, content: bytes, stamp: str) -> str | None:
        """As of ``ResultsStore``."""
        found = self.objects.get(key)
        unchanged = found is not None and _stamp(found) == stamp
        return self.put(key, content) if unchanged else None

    def delete(self, key: str) -> None:
        """As of ``ResultsStore``."""
        self.objects.pop(key, None)


def simulate(
    store: ResultsStore,
    folder: Path,
    *,
    writers: int,
    runs: int,
    faults: Faults,
    seed: int = 0,
) -> Course:
    """Have writers carry out runs that they share, until all are done.

    Args:
        store: It; empty.
        folder: Of the writers' mirrors; empty.
        writers: How many. One that is killed begins again after some time, on the same machine.
        runs: How many.
        faults: How often what goes wrong.
        seed: Of all that is drawn.
    """
    names = [f"{number:06x}" for number in range(runs)]
    world = _World(store, names, faults, random.Random(seed))
    for number in range(writers):
        world.begin(_Writer(world, f"writer-{number}", folder / str(number), seed=seed + number))
    world.go_on()
    course = world.course
    course.parts = sum(store.look(part_key("b", name)) is not None for name in names)
    course.hours = world.now / 3600
    return course


class _Killed(BaseException):
    """Ends a writer, as SIGKILL ends a process."""


class _World:
    """Time, and whose turn it is."""

    def __init__(
        self, store: ResultsStore, names: list[str], faults: Faults, rng: random.Random
    ) -> None:
        self.store = store
        self.names = names
        self.faults = faults
        self.rng = rng
        self.now = 0.0
        self.course = Course(len(names))
        self.at_work: dict[str, _Writer] = {}
        self._waiting: list[tuple[float, float, int, _Writer]] = []
        self._count = 0
        self._between_turns = getcurrent()

    def begin(self, writer: _Writer) -> None:
        """Have a writer begin within a minute."""
        self._wait(writer, self.now + self.rng.uniform(0, 60))

    def go_on(self) -> None:
        """Give turns until nobody waits for one."""
        while self._waiting:
            until, _, _, writer = heapq.heappop(self._waiting)
            self.now = max(self.now, until)
            writer.take_turn()

    def pass_time(self, writer: _Writer, seconds: float) -> None:
        """Let others have their turns until it is this writer's again."""
        self._wait(writer, self.now + seconds)
        self._between_turns.switch()

    def _wait(self, writer: _Writer, until: float) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (until, self.rng.random(), self._count, writer))

    @contextmanager
    def training(self, name: str, writer: _Writer) -> Iterator[None]:
        """Watch over who is at work on a run."""
        other = self.at_work.get(name)
        if other is not None and other.believes(self.now) and writer.believes(self.now):
            self.course.held_twice += 1
        self.at_work[name] = writer
        try:
            yield
        finally:
            if self.at_work.get(name) is writer:
                del self.at_work[name]


class _Writer:
    """One machine: it takes what is free, trains, puts the part, and so on until all is done."""

    def __init__(self, world: _World, name: str, folder: Path, seed: int) -> None:
        self._world = world
        self._name = name
        self._folder = folder
        self._rng = random.Random(seed)
        self._process: greenlet | None = None
        self._renewed = 0.0

    def take_turn(self) -> None:
        """Go on; a process that is not there is started."""
        if self._process is None:
            self._process = greenlet(self._live)
        self._process.switch()

    def believes(self, now: float) -> bool:
        """Whether this writer's lease has not run out by its own clock."""
        return now - self._renewed <= LEASE_SECONDS

    def _live(self) -> None:
        try:
            self._work()
        except _Killed:
            self._process = None
            self._world.begin(self)

    def _work(self) -> None:
        world = self._world
        store = _Watched(world, self)
        leases = Leases(
            store, self._name, LEASE_SECONDS, clock=lambda: world.now, now=lambda: world.now
        )
        mirror = Mirror(store, self._folder, self._name)
        while True:
            with suppress(StoreError):
                ended = {s.key for s in store.list("leaderboard")}
                left = [name for name in world.names if part_key("b", name) not in ended]
                if not left:
                    return
                looked_at = self._rng.sample(left, min(_LOOKS, len(left)))
                if any(self._carry_out(name, leases, mirror) for name in looked_at):
                    continue
            world.pass_time(self, LEASE_SECONDS / 3)

    def _carry_out(self, name: str, leases: Leases, mirror: Mirror) -> bool:
        """Do one run if nobody is at work on it; whether it is done."""
        key = part_key("b", name)
        began = self._world.now
        # of one process a machine the lock file is always free
        lease = leases.take(name, alone=True)
        if lease is None:
            return False
        self._renewed = began
        try:
            mirror.pull_part(key)
            if not (mirror.folder / key).exists():
                with self._world.training(name, self):
                    self._train(lease)
                self._world.course.trained[name] += 1
                self._renew(lease)
                mirror.put_part(key, f"{name} by {self._name}, {self._world.now}".encode())
        except (LeaseLost, Superseded):
            return False
        finally:
            with suppress(StoreError):
                lease.give_back()
        return True

    def _train(self, lease: Lease) -> None:
        steps = round(TRAINING_SECONDS / (LEASE_SECONDS / 3))
        for _ in range(steps):
            self._world.pass_time(self, TRAINING_SECONDS / steps * self._rng.uniform(0.8, 1.2))
            # whoever has lost a run finds out when it puts the part, as calls do
            with suppress(StoreError):
                self._renew(lease)

    def _renew(self, lease: Lease) -> None:
        began = self._world.now
        lease.renew()
        self._renewed = began


class _Watched:
    """A store that takes time, at every operation of which others may come between, or a fault."""

    def __init__(self, world: _World, writer: _Writer) -> None:
        self._world = world
        self._writer = writer
        self.address = world.store.address

    def list(self, folder: str) -> list[Stored]:
        """As of ``ResultsStore``."""
        return self._operate(lambda: self._world.store.list(folder))

    def look(self, key: str) -> Stored | None:
        """As of ``ResultsStore``."""
        return self._operate(lambda: self._world.store.look(key))

    def get(self, key: str) -> tuple[bytes, str] | None:
        """As of ``ResultsStore``."""
        return self._operate(lambda: self._world.store.get(key))

    def put(self, key: str, content: bytes) -> str:
        """As of ``ResultsStore``."""
        return self._operate(lambda: self._world.store.put(key, content))

    def put_if_absent(self, key: str, content: bytes) -> str | None:
        """As of ``ResultsStore``."""
        return self._operate(
            lambda: self._counted(key, self._world.store.put_if_absent(key, content))
        )

    def put_if_unchanged(self, key: str, content: bytes, stamp: str) -> str | None:
        """As of ``ResultsStore``."""
        return self._operate(
            lambda: self._counted(key, self._world.store.put_if_unchanged(key, content, stamp))
        )

    def delete(self, key: str) -> None:
        """As of ``ResultsStore``."""
        self._operate(lambda: self._world.store.delete(key))

    def _counted(self, key: str, stamp: str | None) -> str | None:
        if stamp is not None and key.startswith("leaderboard/"):
            self._world.course.puts[key.rpartition("/")[2].partition(".")[0]] += 1
        return stamp

    def _operate(self, operation: Callable[[], _T]) -> _T:
        world, course, faults = self._world, self._world.course, self._world.faults
        course.operations += 1
        world.pass_time(self._writer, world.rng.expovariate(1 / OPERATION_SECONDS))
        drawn, is_carried_out = world.rng.random(), world.rng.random() < 0.5
        if drawn < faults.kill + faults.lose:
            if is_carried_out:
                operation()
            if drawn < faults.kill:
                course.kills += 1
                raise _Killed
            course.lost += 1
            raise StoreError("there is no answer")
        if drawn < faults.kill + faults.lose + faults.stall:
            course.stalls += 1
            world.pass_time(self._writer, LEASE_SECONDS * world.rng.uniform(1, 5))
        return operation()


def _stamp(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
