"""Where data, weights, caches and results lie."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from regene_bench.base.environment import CACHE_VARIABLE, DATA_VARIABLE

DEFAULT_RESULTS = Path("results")


def cache_dir() -> Path:
    """The user's cache folder: ``$REGENE_BENCH_CACHE``, or the platform's usual place."""
    override = os.environ.get(CACHE_VARIABLE)
    return Path(override) if override else Path(platformdirs.user_cache_dir("regene-bench"))


def weights_dir() -> Path:
    """Folder of verified network weights."""
    return cache_dir() / "weights"


def download_dir() -> Path:
    """Folder of downloaded data sets."""
    return cache_dir() / "data"


def data_roots(extra: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Folders that may hold data sets, nearest first.

    ``extra`` (``--data``), then ``$REGENE_BENCH_DATA`` (several, separated as in ``PATH``), then
    the download folder.
    """
    variable = os.environ.get(DATA_VARIABLE, "")
    from_variable = [Path(part) for part in variable.split(os.pathsep) if part]
    return (*extra, *from_variable, download_dir())
