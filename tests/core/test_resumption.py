"""What counts as finished, and how a finished run is repeated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from regene_bench.errors import UnavailableError
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.shelf import ExtractorShelf
from regene_bench.interfaces import Column, Metric, Score
from regene_bench.measuring import NamedMetric
from regene_bench.resumption import forget_training, is_finished


class _Distance(Metric):
    columns = (Column("distance", "lower"),)
    extractors = ("net",)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        yield Score("distance", 0.0)


class _Shelf:
    def __init__(self, available: bool) -> None:
        self._available = available

    def extractor(self, name: str) -> object:
        if not self._available:
            raise UnavailableError(name)
        return object()


def _finished(states: dict[str, set[str]] | None, *, available: bool = True) -> bool:
    shelf = cast("ExtractorShelf", _Shelf(available))
    return is_finished(states, [NamedMetric("distance", _Distance())], shelf)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (None, False),
        ({"ok": {"distance"}}, True),
        ({"failed": {""}}, False),
        ({"ok": {"other"}, "failed": {"distance"}}, False),
        ({"ok": {"other"}, "skipped": {"distance"}}, True),
    ],
)
def test_a_run_is_finished_when_nothing_of_it_failed(
    states: dict[str, set[str]] | None, expected: bool
) -> None:
    assert _finished(states) is expected


def test_a_run_is_measured_again_once_its_weights_can_be_had() -> None:
    waiting = {"ok": {"other"}, "unavailable": {"distance"}}
    assert _finished(waiting, available=False)
    assert not _finished(waiting, available=True)


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
