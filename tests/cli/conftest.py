"""Real ``regene-bench`` processes in a folder of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import regene_bench

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables of the processes; ``plugins`` in the working folder is on the path."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("REGENE_BENCH")}
    paths = [str(tmp_path / "plugins"), kept.get("PYTHONPATH", "")]
    return kept | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONIOENCODING": "utf-8",
        "REGENE_BENCH_CACHE": str(tmp_path / "cache"),
        "COLUMNS": "100",
    }


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder on the processes' path, for fake distributions."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


@pytest.fixture
def cli(tmp_path: Path, environment: dict[str, str]) -> Cli:
    """Run ``regene-bench`` with arguments; keywords are more environment variables."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return regene_bench(arguments, tmp_path, environment | variables)

    return run
