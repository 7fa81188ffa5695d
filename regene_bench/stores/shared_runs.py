"""Runs that machines share through a store: each is held by a lease while somebody is at work on
it, and what comes of it goes up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from regene_bench.base.environment import LEASE_VARIABLE, seconds_in
from regene_bench.base.errors import ResultsError
from regene_bench.base.events import Message, Sink
from regene_bench.runtime.locks import exclusive
from regene_bench.runtime.stop import StopRequest
from regene_bench.stores.lease import Lease, LeaseLost, Leases
from regene_bench.stores.mirror import Mirror, Superseded, part_key
from regene_bench.stores.store import StoreError

_LEASE_SECONDS: Final = 90.0
_LOOK_SECONDS: Final = 2.0
# checkpoints take at most this share of the time to go up
_SHARE: Final = 0.1


def lease_seconds() -> float:
    """Seconds after which a run is others' whose holder is not heard of: ``$REGENE_BENCH_LEASE``.

    Raises:
        UsageError: The variable is no positive number of seconds.
    """
    return seconds_in(LEASE_VARIABLE, _LEASE_SECONDS)


class SharedRuns:
    """The runs of a store that this process holds.

    Args:
        mirror: The mirror that their files lie in.
        stop: Looked at while waiting for others.
        emit: Takes messages, from threads of this object, too.
        push_seconds: Time between two times that the checkpoints of a run go up.
    """

    def __init__(self, mirror: Mirror, stop: StopRequest, emit: Sink, push_seconds: float) -> None:
        self._mirror = mirror
        self._stop = stop
        self._emit = emit
        self._push_seconds = push_seconds
        self._leases = Leases(mirror.store, mirror.place, lease_seconds())
        self._held: dict[str, Lease] = {}
        self._pushing = threading.Lock()

    def is_free(self, run_id: str) -> bool:
        """Take a run if no other machine has it, for ``held`` to find it taken.

        Raises:
            StoreError: The store cannot be reached.
        """
        return run_id in self._held or self._take(run_id, alone=False)

    @contextmanager
    def held(
        self, runs: Sequence[tuple[str, str, str]], *, anew: bool = False, wait: bool = True
    ) -> Iterator[bool]:
        """Hold runs, with what others have left of them here; what comes of them goes up.

        Args:
            runs: Benchmark, id and title of each, in one order everywhere, so that two calls never
                wait for each other. Their lock files are held by this process.
            anew: Whether they are trained anew, whatever others have trained.
            wait: Wait for others that are at work on one of them.

        Yields:
            Whether they are held; always with ``wait``.

        Raises:
            Interrupted: A stop was asked for while waiting.
            StoreError: The store cannot be reached.
        """
        with ExitStack() as after:
            for benchmark, run_id, title in runs:
                if not self._still_has(run_id) and not self._take(run_id, alone=True):
                    if not wait:
                        yield False
                        return
                    self._wait_for(run_id, f"runs {title}")
                after.callback(self._give_back, run_id)
                self._fetch(benchmark, run_id, anew=anew)
            run_ids = [run_id for _, run_id, _ in runs]
            after.enter_context(self._renewing(run_ids))
            after.enter_context(self._pushing_files(run_ids))
            yield True

    @contextmanager
    def judges(self, benchmark: str) -> Iterator[None]:
        """Let one machine at a time make what runs are judged by, and the others take it over.

        Args:
            benchmark: Whose runs.

        Raises:
            Interrupted: A stop was asked for while waiting.
            Superseded: Others judge by other weights: this machine was not heard of for too long.
            StoreError: The store cannot be reached.
        """
        name, what = f"judges-{benchmark}", f"prepares {benchmark}"
        lock = self._mirror.folder.parent / f"{name}.lock"
        with exclusive(lock, what, self._stop, self._emit), ExitStack() as after:
            if not self._take(name, alone=True):
                self._wait_for(name, what)
            after.callback(self._give_back, name)
            self._mirror.pull_judges()
            with self._renewing([name]):
                yield
            self._mirror.push_judges()

    def put_part(self, benchmark: str, run_id: str, content: bytes) -> None:
        """Put what came of a run on the store and into the mirror, while its lease holds.

        Raises:
            LeaseLost: Others have taken the run over.
            Superseded: Others have put a part of it; it is here now.
            StoreError: The store cannot be reached.
            ResultsError: The cache cannot be written to.
        """
        lease = self._held[run_id]
        self._push(run_id)
        lease.renew()
        try:
            self._mirror.put_part(part_key(benchmark, run_id), content)
        except Superseded:
            self._mirror.pull_part(part_key(benchmark, run_id))
            raise

    def take_again(self, benchmark: str, run_id: str, title: str) -> None:
        """Wait for those who have taken a run over, and fetch the part that they have put.

        Raises:
            Interrupted: A stop was asked for while waiting.
            StoreError: The store cannot be reached.
        """
        if self._held[run_id].is_lost:
            del self._held[run_id]
            self._wait_for(run_id, f"runs {title}")
        self._mirror.pull_part(part_key(benchmark, run_id))

    def _still_has(self, run_id: str) -> bool:
        """Whether a run that was found free is held; it may have waited for its lock file since."""
        lease = self._held.get(run_id)
        try:
            if lease is not None:
                lease.renew()
        except LeaseLost:
            del self._held[run_id]
        return run_id in self._held

    def _take(self, run_id: str, *, alone: bool) -> bool:
        lease = self._leases.take(run_id, alone=alone)
        if lease is not None:
            self._held[run_id] = lease
        return lease is not None

    def _wait_for(self, name: str, what: str) -> None:
        self._emit(Message(f"waiting: another machine {what}"))
        while not self._take(name, alone=True):
            self._stop.check()
            time.sleep(min(_LOOK_SECONDS, self._leases.seconds / 4))

    def _fetch(self, benchmark: str, run_id: str, *, anew: bool) -> None:
        self._mirror.pull_part(part_key(benchmark, run_id))
        self._mirror.pull_run(run_id, anew=anew)

    def _give_back(self, run_id: str) -> None:
        lease = self._held.pop(run_id, None)
        if lease is None:
            return
        # what cannot be said now others find out when the lease is over
        with suppress(StoreError):
            lease.give_back()

    @contextmanager
    def _renewing(self, names: Sequence[str]) -> Iterator[None]:
        """Renew leases while the block is at work."""
        with _thread("renew leases", lambda end: self._renew(names, end)):
            yield

    @contextmanager
    def _pushing_files(self, run_ids: Sequence[str]) -> Iterator[None]:
        """Push files of runs while the block is at work, and the last of them when it has ended."""
        # several that train as one are of one generation only when none is being trained
        now_and_then = run_ids if len(run_ids) == 1 else ()
        try:
            with _thread(
                "push checkpoints", lambda end: self._push_now_and_then(now_and_then, end)
            ):
                yield
        finally:
            for run_id in run_ids:
                self._try_to_push(run_id)

    def _renew(self, run_ids: Sequence[str], end: threading.Event) -> None:
        told = False
        while not end.wait(self._leases.seconds / 3):
            for run_id in run_ids:
                lease = self._held.get(run_id)
                if lease is None or lease.is_lost:
                    continue
                try:
                    lease.renew()
                    told = False
                except StoreError as error:
                    if not told:
                        self._emit(Message(str(error.message), "warning"))
                    told = not isinstance(error, LeaseLost)

    def _push_now_and_then(self, run_ids: Sequence[str], end: threading.Event) -> None:
        pause = self._push_seconds
        while not end.wait(pause):
            begun = time.monotonic()
            for run_id in run_ids:
                self._try_to_push(run_id)
            pause = max(self._push_seconds, (time.monotonic() - begun) / _SHARE)

    def _try_to_push(self, run_id: str) -> None:
        """Push what there is; what does not go up now is on this machine, and goes up next time."""
        lease = self._held.get(run_id)
        if lease is None or lease.is_lost:
            return
        try:
            self._push(run_id)
        except ResultsError as error:
            self._emit(Message(f"checkpoints stay on this machine: {error.message}", "warning"))

    def _push(self, run_id: str) -> None:
        with self._pushing:
            self._mirror.push_run(run_id)


@contextmanager
def _thread(name: str, work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Have a thread work until the block ends."""
    end = threading.Event()
    thread = threading.Thread(target=work, args=(end,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
