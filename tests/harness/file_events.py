"""Ending a call before one of the things that it does to files."""

from __future__ import annotations

import os
from collections.abc import Callable
from unittest.mock import patch


def killed_before(number: int, call: Callable[[], object]) -> bool:
    """Call something, and end it before the file event of a number; tell whether it came there.

    Events are files that are removed, renamed or synced.
    """
    seen = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def event(*arguments: object, **named: object) -> object:
            nonlocal seen
            seen += 1
            if seen == number:
                raise KeyboardInterrupt
            return real(*arguments, **named)

        return event

    with (
        patch.object(os, "unlink", counted(os.unlink)),
        patch.object(os, "replace", counted(os.replace)),
        patch.object(os, "fsync", counted(os.fsync)),
    ):
        try:
            call()
        except KeyboardInterrupt:
            return True
    return False
