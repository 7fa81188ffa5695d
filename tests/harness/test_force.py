"""Which checkpoints a repetition on purpose forgets, and which it goes on from."""

from __future__ import annotations

import os
from pathlib import Path

from regene_bench.harness.force import forget_training


def _checkpoint(folder: Path, seconds: int) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "stage.safetensors"
    file.write_bytes(b"state")
    os.utime(file, (seconds, seconds))
    return file


def _part(folder: Path, seconds: int) -> Path:
    part = folder / "run.parquet"
    part.write_bytes(b"part")
    os.utime(part, (seconds, seconds))
    return part


def test_repeating_a_finished_run_forgets_its_training(tmp_path: Path) -> None:
    file = _checkpoint(tmp_path / "checkpoints", 1000)
    part = _part(tmp_path, 2000)
    forget_training(file.parent, part)
    assert not file.exists()
    assert part.exists()


def test_an_interrupted_repetition_keeps_its_training(tmp_path: Path) -> None:
    file = _checkpoint(tmp_path / "checkpoints", 3000)
    forget_training(file.parent, _part(tmp_path, 2000))
    assert file.exists()


def test_a_run_that_never_ended_keeps_its_training(tmp_path: Path) -> None:
    file = _checkpoint(tmp_path / "checkpoints", 1000)
    forget_training(file.parent, tmp_path / "missing.parquet")
    assert file.exists()
