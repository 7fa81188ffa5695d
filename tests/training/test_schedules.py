"""Schedules against values worked out by hand."""

from __future__ import annotations

import pytest

from regene_bench import api
from regene_bench.training.length import TrainingLength, images_to_see
from regene_bench.training.schedules import Clock, constant, decay_every, warmup_then_cosine


def at(progress: float = 0.0, epoch: float = 0.0) -> Clock:
    return Clock(step=0, images=0, epoch=epoch, progress=progress)


def test_constant() -> None:
    assert [constant(at(p)) for p in (0.0, 0.5, 0.999)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("progress", "factor"),
    [
        (0.0, 0.1),
        (0.1, 0.55),
        (0.2, 1.0),
        (0.4, 0.1 + 0.9 * (1 + 2**-0.5) / 2),
        (0.6, 0.55),
        (1.0, 0.1),
    ],
)
def test_warmup_then_cosine_rises_in_a_line_and_falls_as_a_cosine(
    progress: float, factor: float
) -> None:
    assert warmup_then_cosine(warmup=0.2, floor=0.1)(at(progress)) == pytest.approx(factor)


def test_warmup_then_cosine_without_warmup_starts_at_the_peak() -> None:
    assert warmup_then_cosine(warmup=0.0)(at(0.0)) == 1.0


def test_plugins_may_call_it_by_its_name_of_version_0_1() -> None:
    assert api.one_cycle is warmup_then_cosine


@pytest.mark.parametrize(
    ("epoch", "factor"), [(0, 1.0), (19.99, 1.0), (20, 0.99), (59.5, 0.9801), (60, 0.970299)]
)
def test_decay_every_twenty_epochs(epoch: float, factor: float) -> None:
    assert decay_every(20, 0.99)(at(epoch=epoch)) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("images", "epochs", "n", "expected"),
    [(1000, None, 60, 1000), (1000, 2.0, 60, 120), (1000, 0.5, 61, 30), (1000, 1e-6, 60, 1)],
)
def test_epochs_win_over_images(images: int, epochs: float | None, n: int, expected: int) -> None:
    assert images_to_see(images, epochs, n) == expected
    assert TrainingLength(images=images, epochs=epochs).total_images(n) == expected
