"""A cache of a check's own, so that the user's is neither read nor written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from regene_bench.base.environment import CACHE_VARIABLE
from regene_bench.base.paths import weights_dir


@contextmanager
def other_cache(folder: Path) -> Iterator[None]:
    """Have everything cached in a folder meanwhile."""
    before = os.environ.get(CACHE_VARIABLE)
    os.environ[CACHE_VARIABLE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[CACHE_VARIABLE]
        else:
            os.environ[CACHE_VARIABLE] = before


@contextmanager
def empty_cache(folder: Path) -> Iterator[None]:
    """Have everything cached in a folder that holds nothing yet but published weights."""
    published = weights_dir()
    folder.mkdir(parents=True, exist_ok=True)
    with other_cache(folder):
        if published.is_dir():
            # where links are not allowed the weights are missing, and the check says so
            with suppress(OSError):
                weights_dir().symlink_to(published, target_is_directory=True)
        yield
