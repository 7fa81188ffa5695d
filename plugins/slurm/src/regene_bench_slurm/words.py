"""What a person is told of an array: where its tasks are, and what one of them said last."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_MOST_BYTES = 8192
_MOST_LINES = 3


def told_states(counts: Mapping[str, int]) -> str:
    """Say how many tasks are in which state, ``2 running, 1 pending (Resources)``."""
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))


def counted(number: int, what: str) -> str:
    """Say how many there are, ``1 run`` or ``2 runs``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def last_words(log: Path) -> str:
    """Give the last lines of a task's log that are for people, in one line; progress is not."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _MOST_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return "it has left no log"
    lines = [line.strip() for line in text.splitlines() if not line.startswith("{")]
    return " ".join(filter(None, lines[-_MOST_LINES:])) or "its log is empty"
