"""Progress events: what long work tells, whoever listens.

Training, sampling and extraction emit events; sinks (rich bars, JSON lines, tests) listen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RunStarted:
    """A run begins.

    Attributes:
        run_id: Its id.
        title: What it is called on screens: method, parameters, seed.
        index: Its place among the runs of the call, from 1.
        total: How many runs the call has.
    """

    run_id: str
    title: str
    index: int
    total: int


@dataclass(frozen=True)
class RunFinished:
    """A run has ended, and its rows are on disk.

    Attributes:
        run_id: Its id.
        title: What it is called on screens.
        status: ``ok`` or ``failed``.
        seconds: From its beginning to its end.
        message: Why it failed.
    """

    run_id: str
    title: str
    status: str
    seconds: float
    message: str = ""


@dataclass(frozen=True)
class Progress:
    """How far one piece of work is.

    Attributes:
        task: What is being done (``"regene: classifier"``); events of one task share it.
        done: Units done so far.
        total: Units in all; None where nobody knows.
        unit: What is counted, ``"images"`` mostly.
        values: Latest losses or scores.
    """

    task: str
    done: float
    total: float | None
    unit: str = "images"
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """A sentence for whoever watches.

    Attributes:
        text: The sentence; further lines say what to do.
        level: ``info`` or ``warning``.
    """

    text: str
    level: str = "info"


Event = RunStarted | RunFinished | Progress | Message
Sink = Callable[[Event], None]


def silent(event: Event) -> None:
    """A sink that drops everything."""
