"""What a worker process does: prepare the call again, then carry out one run after another."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from regene_bench.base.errors import Interrupted, RegeneBenchError
from regene_bench.harness.executors.messages import (
    Ended,
    FromWorker,
    Orders,
    Ready,
    Stopped,
    Told,
)
from regene_bench.runtime.stop import HANGUP, WARNINGS, StopRequest

if TYPE_CHECKING:  # torch is imported after a worker heeds signals
    from regene_bench.base.events import Event

# what a key press, a scheduler or a closed window sends to the whole group
WHERE: signal.Signals | None = getattr(signal, "SIGUSR1", None)
"""At which a worker writes where it is; None on Windows."""
_WARNINGS = tuple(number for number in WARNINGS if number != WHERE)
FORWARDED = tuple(filter(None, (signal.SIGINT, signal.SIGTERM, HANGUP, *_WARNINGS)))
"""Signals that only the parent heeds, and forwards."""
SENT_TO_GROUPS = tuple(filter(None, (*FORWARDED, WHERE)))
"""All that a key press or a scheduler sends to the whole group."""


def work(orders: Orders, pipe: Connection, stacks: Connection) -> None:
    """Be a worker.

    Args:
        orders: The call to prepare.
        pipe: Takes and gives messages.
        stacks: Where the main thread's stack is written whenever ``WHERE`` comes.
    """
    stop = StopRequest()
    _stop_with_the_parent(stop)
    _end_with_the_parent()
    if WHERE is not None:
        # written by C, which can be done while a method holds the interpreter
        faulthandler.register(WHERE, stacks.fileno(), all_threads=False)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SENT_TO_GROUPS)
    import torch

    from regene_bench.runtime.devices import show_only

    show_only(orders.visible)
    torch.set_num_threads(orders.threads)
    with suppress(OSError):  # nobody listens any more
        pipe.send(_work(orders, pipe, stop))


def _work(orders: Orders, pipe: Connection, stop: StopRequest) -> FromWorker:
    at_a_time = threading.Lock()  # a plugin may tell its progress from several threads

    def tell(event: Event) -> None:
        with at_a_time:
            pipe.send(Told(event))

    try:
        from regene_bench.harness.carry_out_ticket import open_ticket
        from regene_bench.harness.ticket import Ticket

        opened = open_ticket(Ticket.model_validate_json(orders.ticket), tell, stop)
        pipe.send(Ready())
        while (run_id := pipe.recv()) is not None:
            stop.check()
            pipe.send(Ended(opened.carry_out_one(run_id)))
    except Interrupted as stopped:
        return Stopped(reason=stopped.reason)
    except RegeneBenchError as error:
        return Stopped(error=error)
    return Stopped()


def _stop_with_the_parent(stop: StopRequest) -> None:
    """Heed the parent's SIGTERM alone, however often it comes.

    A key press or a scheduler signals all processes of the group: the parent forwards what it got,
    and the second one must not end what is being saved. A parent in haste kills.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in filter(None, (HANGUP, *_WARNINGS)):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda signum, frame: stop.ask(signal.Signals(signum).name))


def _end_with_the_parent() -> None:
    """Let a parent that was killed take this process with it; training is saved at intervals.

    The process leads a group of its own, so that what it has started ends with it, too.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    with suppress(AttributeError, OSError):
        os.setpgid(0, 0)
    if sys.platform == "linux":
        _let_the_system_end_the_group(parent.sentinel)

    def watch() -> None:
        parent.join()
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, name="end with the parent", daemon=True).start()


def _let_the_system_end_the_group(pipe: int) -> None:
    """Have Linux kill this process and what it has started when a pipe is closed.

    No thread of ours runs while a method holds the interpreter, so none could see the parent's end.

    Args:
        pipe: Its reading end; nothing is ever written to the other end, which the parent holds.
    """
    import fcntl

    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgid(0))
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
