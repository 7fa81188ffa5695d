"""What is made once for all processes that run the tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder of this test session that all its processes see."""
    base = factory.getbasetemp()
    # pytest-xdist gives each of its processes a folder within the session's own
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder that ``make`` has filled, which the first process to ask for it does.

    Args:
        factory: Pytest's.
        name: The folder's name, one for each thing that is made.
        make: Fills the folder, which is there and empty. If it raises, the next one tries again.
    """
    folder = shared_folder(factory) / name
    done = folder.with_name(f"{name}.done")
    with FileLock(folder.with_name(f"{name}.lock")):
        if not done.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            done.touch()
    return folder
