"""What a task does in its worker: carry out runs of a ticket, tell what happens, heed a stop.

Ray keeps the processes of a call for its next tasks. To prepare a call (read the data, find real
features) takes seconds, so a process does that once for all the runs that it is given.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a task that is only to stop need not import torch
    from regene_bench.api import OpenTicket, RunRecord, StopRequest

_SECONDS = 0.5


def carry_out(
    ticket: str, run_ids: Sequence[str], channel: Any, num_cpus: float
) -> list[RunRecord]:
    """Carry out some runs of a ticket.

    Args:
        ticket: As JSON.
        run_ids: Some of its.
        channel: A handle of the actor ``Channel``.
        num_cpus: Cores that the task holds; torch computes with as many threads.

    Returns:
        A record for each run; of those that ended before a stop, where one was asked for.
    """
    if _reason(channel) is not None:
        return []
    import torch

    from regene_bench.api import Interrupted

    torch.set_num_threads(max(1, math.floor(num_cpus)))
    records: list[RunRecord] = []
    try:
        opened = _opened(ticket, channel)
        together = opened.ticket.options.executor == "stacked"
        for ids in [run_ids] if together else [[run_id] for run_id in run_ids]:
            records += opened.carry_out(ids)
    except Interrupted:  # that there is no more is told by the driver, who asked for it
        pass
    return records


@lru_cache(maxsize=1)
def _opened(ticket: str, channel: Any) -> OpenTicket:
    from regene_bench.api import StopRequest, Ticket, open_ticket

    stop = StopRequest()
    _heed(stop, channel)
    given = Ticket.model_validate_json(ticket)
    return open_ticket(given, lambda event: channel.tell.remote(event), stop)


def _heed(stop: StopRequest, channel: Any) -> None:
    """Ask the channel now and then whether to stop, for as long as it is there."""
    from ray.exceptions import RayError

    def watch() -> None:
        pause = threading.Event()
        while not pause.wait(_SECONDS):
            try:
                reason = _reason(channel)
            except RayError:
                return
            if reason is not None:
                stop.ask(reason)
                return

    threading.Thread(target=watch, name="heed a stop", daemon=True).start()


def _reason(channel: Any) -> str | None:
    """Ask the channel why to stop.

    Not by ``ray.get``: a task that waits in it lends its cores to the next task, which keeps them,
    so that in the end there are more at work than cores.
    """
    reason: str | None = channel.reason.remote().future().result()
    return reason
