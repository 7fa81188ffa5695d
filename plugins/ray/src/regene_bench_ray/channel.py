"""What tasks and the driver say to each other while runs are carried out.

Records are a task's return value: Ray keeps these through every loss. What comes before, progress
and the wish to stop, goes through one small actor beside the driver. It holds no core, and nobody
waits for it: an event that is lost with a node was of a run that is tried again.
"""

from __future__ import annotations

from collections import deque
from typing import Any

_MOST = 100_000


class Channel:
    """Events on their way to the driver, and why tasks are to stop, if they are."""

    def __init__(self) -> None:
        self._events: deque[Any] = deque(maxlen=_MOST)
        self._reason: str | None = None

    def tell(self, event: Any) -> None:
        """Take an event of a task."""
        self._events.append(event)

    def told(self) -> list[Any]:
        """Give what was told since the last time."""
        events = list(self._events)
        self._events.clear()
        return events

    def stop(self, reason: str) -> None:
        """Have all tasks save and stop."""
        self._reason = reason

    def reason(self) -> str | None:
        """Why tasks are to stop, or ``None``."""
        return self._reason
