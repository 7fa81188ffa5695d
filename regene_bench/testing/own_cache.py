"""A cache of a check's own: the user's is neither read nor written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from regene_bench.base.environment import CACHE_VARIABLE


@contextmanager
def own_cache(folder: Path) -> Iterator[None]:
    """Let whatever is cached meanwhile lie in a folder."""
    before = os.environ.get(CACHE_VARIABLE)
    os.environ[CACHE_VARIABLE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[CACHE_VARIABLE]
        else:
            os.environ[CACHE_VARIABLE] = before
