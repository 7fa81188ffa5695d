"""Real ``regene-bench`` processes in a folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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
        code = "from regene_bench.cli.main import main; main()"
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            env=environment | variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=300,
            check=False,
        )

    return run
