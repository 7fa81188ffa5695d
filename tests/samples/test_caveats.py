"""What sets a score apart stands in the note of every total, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

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


def test_how_samples_were_read_does_not_change_what_they_are() -> None:
    assert SAMPLES.content == replace(SAMPLES, notes=()).content
    assert SAMPLES.labelled(np.zeros(2, np.int64)).notes == SAMPLES.notes
