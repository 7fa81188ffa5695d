"""Showing progress: bars on a terminal, JSON lines elsewhere."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

from regene_bench.base.events import (
    Event,
    Message,
    Progress,
    RunFinished,
    RunStarted,
    Sink,
    silent,
)
from regene_bench.base.text import visible
from regene_bench.runtime.stop import StopRequest, stop_on_signals

if TYPE_CHECKING:
    from rich.progress import ProgressColumn, TaskID

_LINE_SECONDS = 5.0
# Characters of a terminal that has room for a bar and for losses, and of a task's name elsewhere.
_ROOM_FOR_ALL, _SHORT_NAME = 120, 31


@contextmanager
def progress_sink(stream: TextIO | None = None) -> Iterator[Sink]:
    """Give the sink that suits the stream (standard error): bars, or JSON lines."""
    stream = stream or sys.stderr
    if stream.isatty():
        with _bars() as sink:
            yield sink
    else:
        yield JsonLines(stream)


@contextmanager
def watched(emit: Sink | None, stop: StopRequest) -> Iterator[Sink]:
    """Give a sink for a call from Python, and turn Ctrl-C into a stop that loses nothing.

    Args:
        emit: The caller's own sink; without one there are bars on a terminal and nothing elsewhere.
        stop: What signals ask to stop.
    """
    with ExitStack() as stack:
        sink = emit or silent
        if emit is None and sys.stderr.isatty():
            sink = stack.enter_context(progress_sink())
        if threading.current_thread() is threading.main_thread():
            stack.enter_context(stop_on_signals(stop, sink))
        yield sink


class JsonLines:
    """One JSON object an event; progress of a task at most every few seconds, and its end.

    Where nobody reads any more (``2>&1 | head -1``), nothing more is written, and the work goes on.
    """

    def __init__(self, stream: TextIO, every: float = _LINE_SECONDS) -> None:
        self._stream: TextIO | None = stream
        self._every = every
        self._told: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        # whatever an event holds: progress is no reason to fail
        with suppress(Exception):
            self._write(event)

    def _write(self, event: Event) -> None:
        if self._stream is None:
            return
        if isinstance(event, Progress):
            now = time.monotonic()
            due = now - self._told.get(event.task, -self._every) >= self._every
            if not due and (event.total is None or event.done < event.total):
                return
            self._told[event.task] = now
        line = {"event": type(event).__name__, "time": round(time.time(), 3), **asdict(event)}
        text = json.dumps(line, default=repr)
        try:
            print(text, file=self._stream, flush=True)
        except (OSError, ValueError):  # a pipe without a reader, a closed stream
            self._stream = None


def _columns(width: int) -> list[ProgressColumn]:
    """What is shown of a task in a terminal of so many characters.

    Where not all has room, the time left and how fast the work goes have.
    """
    from rich.progress import (
        BarColumn,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column

    all_of_it = width >= _ROOM_FOR_ALL
    name = Column(no_wrap=True, overflow="ellipsis", max_width=None if all_of_it else _SHORT_NAME)
    columns = [
        SpinnerColumn(),
        TextColumn("{task.description}", table_column=name),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[values]}"),
    ]
    return columns if all_of_it else [*columns[:2], *columns[3:-1]]


@contextmanager
def _bars() -> Iterator[Sink]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    bars = Bars(*_columns(console.width), console=console)
    tasks: dict[str, TaskID] = {}
    started: dict[str, tuple[float, float]] = {}

    def forget() -> None:
        for task in tasks.values():
            bars.remove_task(task)
        tasks.clear()
        started.clear()

    def sink(event: Event) -> None:
        if isinstance(event, Progress):
            now = time.monotonic()
            if event.task not in tasks:
                tasks[event.task] = bars.add_task(
                    escape(visible(event.task)), total=event.total, rate="", values=""
                )
                started[event.task] = (now, event.done)
            elif event.done < bars.tasks[bars.task_ids.index(tasks[event.task])].completed:
                # The same work once more, as judging is for each part of the samples.
                bars.reset(tasks[event.task], total=event.total)
                started[event.task] = (now, event.done)
            begin, first = started[event.task]
            rate = (event.done - first) / (now - begin) if now > begin else 0.0
            values = "  ".join(f"{name} {value:.4g}" for name, value in event.values.items())
            bars.update(
                tasks[event.task],
                completed=event.done,
                rate=f"{rate:,.0f} {event.unit}/s" if rate else "",
                values=escape(visible(values)),
            )
        elif isinstance(event, RunStarted):
            forget()
            text = escape(visible(f"{event.title}  [{event.index} of {event.total}]"))
            console.print(f"[bold]▶[/bold] {text}")
        elif isinstance(event, RunFinished):
            forget()
            mark = "[green]✓[/green]" if event.status == "ok" else "[red]✗[/red]"
            text = escape(visible(f"{event.title}: {event.status} in {event.seconds:.0f} s"))
            console.print(f"{mark} {text} {escape(visible(event.message))}")
        elif isinstance(event, Message):
            style = "yellow" if event.level == "warning" else "dim"
            console.print(f"[{style}]{escape(visible(event.text))}[/{style}]")

    def unless_closed(event: Event) -> None:
        # a window that was closed shows nothing more, and the work is saved; nor does an event
        # fail that holds what cannot be shown
        with suppress(Exception):
            sink(event)

    bars.start()
    try:
        yield unless_closed
    finally:
        with suppress(OSError):
            bars.stop()
