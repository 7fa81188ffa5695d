"""Building wheels and installing them into folders, as a stranger would."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NEEDS_HATCHLING = pytest.mark.skipif(
    find_spec("hatchling") is None, reason="hatchling is not installed: NOTHING was built"
)


def run(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        arguments, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(project: Path, folder: Path) -> Path:
    """Build the wheel of a project into a new folder."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=project)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, site: Path) -> None:
    """Install a wheel with pip into a folder, without its dependencies."""
    run(
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
        "--disable-pip-version-check", "--target", str(site), str(wheel),
        cwd=wheel.parent,
    )  # fmt: skip
