"""What long computations call between their steps."""

from __future__ import annotations

from collections.abc import Callable

Between = Callable[[], None]
"""Called between the steps of a computation; it may raise to end it."""


def go_on() -> None:
    """Do nothing: the computation goes on."""
