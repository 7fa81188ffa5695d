"""One process at a time, and a word to whoever waits."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from filelock import FileLock

from regene_bench.base.errors import Interrupted
from regene_bench.base.events import Event, Message, silent
from regene_bench.runtime.locks import exclusive
from regene_bench.runtime.stop import StopRequest


def test_a_free_lock_is_taken_without_a_word(tmp_path: Path) -> None:
    told: list[Event] = []
    with exclusive(tmp_path / "new" / "lock", "works", StopRequest(), told.append) as waited:
        assert not waited
        assert told == []


def test_a_held_lock_is_waited_for_and_said_once(tmp_path: Path) -> None:
    held = FileLock(tmp_path / "lock", thread_local=False)
    held.acquire()
    told: list[Event] = []

    def emit(event: Event) -> None:
        told.append(event)
        threading.Timer(0.2, held.release).start()

    with exclusive(tmp_path / "lock", "trains", StopRequest(), emit) as waited:
        assert waited
    assert told == [Message("waiting: another process trains")]


def test_waiting_ends_when_a_stop_is_asked_for(tmp_path: Path) -> None:
    stop = StopRequest()
    stop.ask("SIGINT")
    with FileLock(tmp_path / "lock"):
        with pytest.raises(Interrupted, match="SIGINT"):
            with exclusive(tmp_path / "lock", "trains", stop, silent):
                pytest.fail("the lock was taken twice")
