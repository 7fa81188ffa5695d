"""What sets a score apart stands in the note of every total, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regene_bench.leaderboard.record import ScoreRow
from regene_bench.samples.caveats import caveats_of, with_caveats
from regene_bench.samples.collection import Samples
from tests.data.builders import pixels

TOTAL = ScoreRow(metric="accuracy_neutral", value=0.5, n_generated=2, note="few trials")
OF_CLASS = replace(TOTAL, class_name="cat")
SKIPPED = ScoreRow(metric="mae_test", status="skipped")
SAMPLES = Samples(pixels(2), None, "a", notes=("2 of 3 files read", "left out: a; b.svg"))


def test_how_samples_were_read_stands_beside_what_the_metric_says() -> None:
    total, of_class, skipped = with_caveats((TOTAL, OF_CLASS, SKIPPED), SAMPLES, np.zeros(2, int))
    assert caveats_of(total.note) == ["few trials", "2 of 3 files read", "left out: a, b.svg"]
    assert (of_class, skipped) == (OF_CLASS, SKIPPED)


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (pixels(40), np.arange(40) % 10, ""),
        (np.repeat(pixels(1), 40, 0), None, "all 40 images are the same"),
        (np.repeat(pixels(10), 4, 0), None, "only 10 of 40 images differ"),
        (np.concatenate([pixels(21), pixels(19)]), None, ""),
        (pixels(10), np.arange(10), "a single image of each class"),
        (
            pixels(9),
            np.array([0, 0, 1, 1, 2, 3, 3, 4, 4]),
            "a single image of 1 of 5 classes (owl)",
        ),
        (
            pixels(14),
            np.array([0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 9]),
            "a single image of 6 of 10 classes (owl, 3, 4, 5, 6 and 1 more)",
        ),
    ],
)
def test_sets_that_say_little_say_so(
    images: np.ndarray, labels: np.ndarray | None, words: str
) -> None:
    names = ["cat", "dog", "owl", *map(str, range(3, 10))]
    asked = labels if labels is not None else np.zeros(len(images), int)
    (row,) = with_caveats([TOTAL], Samples(images, labels, "a"), asked, names)
    assert row.note.startswith("; ".join(("few trials", words) if words else ("few trials",)))
    assert bool(words) == (row.note != "few trials")


def test_how_samples_were_read_does_not_change_what_they_are() -> None:
    assert SAMPLES.content == replace(SAMPLES, notes=()).content
    assert SAMPLES.labelled(np.zeros(2, np.int64)).notes == SAMPLES.notes
