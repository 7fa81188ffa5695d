"""Making many objects at once without Python looking for cycles among them again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """Hold back the collector of cycles, for work that makes hundreds of thousands of values.

    What it would find is found afterwards; of what has no cycles nothing is kept longer.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
