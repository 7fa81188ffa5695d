"""Where and with what a run was made: versions, device, git commit."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from regene_bench.base.version import __version__

TRAINING = "training"
_PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "scipy",
    "scikit-learn",
    "pyarrow",
    "safetensors",
    "clean-fid",
)


def package_versions() -> dict[str, str]:
    """Versions of the packages that numbers depend on, by name; without those that are missing."""
    # ours is not asked for: another distribution may claim the name
    return {"regene-bench": __version__, **_installed()}


@cache
def _installed() -> dict[str, str]:
    """Versions of the others, read once: of what is loaded no other comes while a process lives."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def way_of_training(*, fast: bool, captured: bool) -> dict[str, str]:
    """How a run was trained, where not as ever; it stands among the versions of packages.

    Args:
        fast: Whether kernels need not be deterministic.
        captured: Whether steps were replayed from graphs.
    """
    words = [word for word, holds in (("fast", fast), ("captured", captured)) if holds]
    return {TRAINING: ", ".join(words)} if words else {}


def was_fast(packages: Mapping[str, str]) -> bool:
    """Tell whether a run was trained by fast kernels, from a row's versions of packages."""
    return "fast" in packages.get(TRAINING, "").split(", ")


def python_version() -> str:
    """Version of the interpreter."""
    return platform.python_version()


def git_commit() -> str | None:
    """Commit of the checkout that this package runs from, with ``+`` if it was changed since.

    ``None`` for an installed wheel.
    """
    root = Path(__file__).resolve().parent.parent.parent
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}+" if changed else commit


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()
