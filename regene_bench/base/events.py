"""Progress events: what long work tells, and to whom it does not matter.

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
        title: How it is called on screens (``"cgan[noise_dim=2] · seed 0"``).
        index: Its number among the runs of the call, from 1.
        total: How many runs the call has to carry out.
    """

    run_id: str
    title: str
    index: int
    total: int


@dataclass(frozen=True)
class RunFinished:
    """A run has ended, well or not.

    Attributes:
        run_id: Its id.
        title: How it is called on screens.
        status: ``ok`` or ``failed``.
        seconds: What it took in this call.
        message: Why it failed; empty otherwise.
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
        total: Units in all.
        unit: What is counted, ``"images"`` mostly.
        values: Latest losses or scores.
    """

    task: str
    done: float
    total: float
    unit: str = "images"
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """A sentence for whoever watches.

    Attributes:
        text: What to say.
        level: ``info`` or ``warning``.
    """

    text: str
    level: str = "info"


Event = RunStarted | RunFinished | Progress | Message
Sink = Callable[[Event], None]


def silent(event: Event) -> None:
    """A sink that drops everything."""
