"""Where the files of runs lie, beside the leaderboard; nothing heavy is imported."""

from __future__ import annotations

from pathlib import Path

CHECKPOINTS = "checkpoints"
LOCK = "lock"
"""Names in a run's folder; whoever works on the run, or removes something of it, holds the lock."""


def run_folder(results: Path, run_id: str) -> Path:
    """The folder of a run's checkpoints, pictures and tracebacks: ``<results>/runs/<run_id>``."""
    return results / "runs" / run_id


def checkpoint_folder(results: Path, run_id: str) -> Path:
    """The folder of a run's training state, a file a stage."""
    return run_folder(results, run_id) / CHECKPOINTS
