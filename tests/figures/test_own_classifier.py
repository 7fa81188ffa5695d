"""A run's kind of classifier learns anew from other images, and from these alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from regene_bench_plugins.figures import own_classifier
from regene_bench_plugins.figures.own_classifier import (
    images_seen_by_classifier,
    right_by_own_classifier,
)
from regene_bench_plugins.methods.regene.config import ReGeneConfig
from regene_bench_plugins.methods.regene.regene import ReGene

from regene_bench.api import (
    Augmentation,
    BenchmarkData,
    DeviceImages,
    FinishedRun,
    StageReport,
    train,
)
from tests.figures.views import finished, view
from tests.methods.builders import TINY, make_data, make_runtime

DATA = make_data(n_classes=2)
SEEN = 640


@pytest.fixture
def run(tmp_path: Path, own_cache: Path) -> FinishedRun:
    found = finished(params=ReGeneConfig(**TINY["regene"]).model_dump(mode="json"))
    found.__dict__["runtime"] = make_runtime(tmp_path / "run")
    return found


def test_it_gets_right_what_it_has_learned_and_wrong_what_it_learned_swapped(
    run: FinishedRun,
) -> None:
    swapped = replace(DATA.train, labels=1 - DATA.train.labels)
    for training, expected in ((DATA.train, 1.0), (swapped, 0.0)):
        right = right_by_own_classifier(view(run, data=DATA), run, training, SEEN)
        assert right.dtype == torch.bool
        assert float(right.double().mean()) == expected


def test_another_call_reads_it_from_the_disk(
    run: FinishedRun, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = []

    def trained(*args: Any) -> StageReport:
        reports.append(train(*args))
        return reports[-1]

    monkeypatch.setattr(own_classifier, "train", trained)
    first = DeviceImages(DATA.train.images[:20], DATA.train.labels[:20])
    found = [right_by_own_classifier(view(run, data=DATA), run, first, 32) for _ in range(2)]
    assert torch.equal(*found)
    assert [report.restored for report in reports] == [False, True]


def test_what_it_is_trained_with_has_a_place_of_its_own(
    run: FinishedRun, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_classifier, "train", lambda *args: None)

    def places(data: BenchmarkData) -> int:
        right_by_own_classifier(view(run, data=data), run, data.train, 32)
        return len(list((own_cache / "classifiers").iterdir()))

    flipped = replace(DATA, augmentation=Augmentation(horizontal_flip=True))
    assert [places(DATA), places(flipped), places(DATA)] == [1, 2, 2]
    monkeypatch.setattr(ReGene, "version", "another")
    assert places(DATA) == 3


def test_it_sees_as_many_images_as_that_of_the_run(run: FinishedRun) -> None:
    assert images_seen_by_classifier(view(run, data=DATA), run) == SEEN
    epochs = finished(params=run.params | {"classifier_epochs": 2.5})
    assert images_seen_by_classifier(view(epochs, data=DATA), epochs) == 2.5 * len(DATA.train)
    few = finished(params=epochs.params | {"classifier_per_class": 10})
    assert images_seen_by_classifier(view(few, data=DATA), few) == 2.5 * 2 * 10
