"""What a task does in its worker: carry out a ticket, tell what happens, heed a stop."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a task that is only to stop need not import torch
    from regene_bench.api import StopRequest, TicketOutcome

_SECONDS = 0.5


def carry_out(ticket: str, channel: Any, num_cpus: float) -> TicketOutcome | str:
    """Carry out a ticket.

    Args:
        ticket: As JSON.
        channel: A handle of the actor ``Channel``.
        num_cpus: Cores that the task holds; torch computes with as many threads.

    Returns:
        What came of it; only the reason where a stop was asked for before it began.
    """
    import ray

    reason: str | None = ray.get(channel.reason.remote())
    if reason is not None:
        return reason
    import torch

    from regene_bench.api import StopRequest, Ticket, carry_out_ticket

    torch.set_num_threads(max(1, math.floor(num_cpus)))
    stop = StopRequest()
    with _heeding(stop, channel):
        given = Ticket.model_validate_json(ticket)
        return carry_out_ticket(given, lambda event: channel.tell.remote(event), stop)


@contextmanager
def _heeding(stop: StopRequest, channel: Any) -> Iterator[None]:
    """Ask the channel now and then whether to stop."""
    import ray

    over = threading.Event()

    def watch() -> None:
        while not over.wait(_SECONDS):
            reason = ray.get(channel.reason.remote())
            if reason is not None:
                stop.ask(reason)
                return

    thread = threading.Thread(target=watch, name="heed a stop", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
