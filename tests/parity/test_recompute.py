"""Scores computed again by other libraries: they agree, and a number that is wrong is found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from regene_bench_plugins.backbones import inception as backbone
from regene_bench_plugins.extractors.inception import Inception
from regene_bench_plugins.metrics.feature_metric import FeatureMetricConfig
from regene_bench_plugins.metrics.frechet import FrechetDistance
from regene_bench_plugins.metrics.inception_score import InceptionScore, InceptionScoreConfig
from regene_bench_plugins.metrics.kid import KernelDistance
from regene_bench_plugins.metrics.prdc import Prdc
from torch import Tensor

from regene_bench.api import Evaluation, Metric
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.harness.score_rows import row_of
from regene_bench.leaderboard.record import ScoreRow
from regene_bench.plugins.host import PluginHost, load_plugins
from regene_bench.samples.parity import recompute as recomputing
from regene_bench.samples.parity.clean_fid_features import clean_fid_features
from regene_bench.samples.parity.libraries import LIBRARIES
from regene_bench.samples.parity.recompute import Line, checkable, recompute
from regene_bench.samples.parity.table import exit_code_of, table_of
from tests.extractors.random_inception import published_in_place_of, random_inception, save_script
from tests.methods.builders import make_data, make_runtime
from tests.metrics.single_samples import evaluation_of_images, noisy, scores_of

HOST = cast("PluginHost", None)


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    """Features of real images are kept in a cache of the test's own."""


def rows_of(evaluation: Evaluation, *metrics: Metric) -> list[ScoreRow]:
    return [
        row_of(metric, {column.name: column for column in metric.columns}, score)
        for metric in metrics
        for score in scores_of(metric, evaluation)
    ]


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    data = make_data(per_class=60)
    images = noisy(data.train.images, 30.0)
    return evaluation_of_images(images, data.train.labels, data, tmp_path)


@pytest.fixture
def rows(evaluation: Evaluation) -> list[ScoreRow]:
    on_pixels = FeatureMetricConfig(extractor="pixels")
    return rows_of(
        evaluation,
        FrechetDistance(on_pixels),
        KernelDistance(on_pixels),
        Prdc(on_pixels),
        InceptionScore(InceptionScoreConfig(extractor="pixels")),
    )


def by_library(lines: Sequence[Line]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in lines:
        found.setdefault(line.library.split()[0], set()).add(line.row.metric)
    return found


def test_every_library_agrees_on_every_score_that_it_knows(
    evaluation: Evaluation, rows: list[ScoreRow]
) -> None:
    lines = list(recompute(rows, evaluation, HOST))
    assert by_library(lines) == {
        "clean-fid": {"fd"},
        "pytorch-fid": {"fd"},
        "torch-fidelity": {"fd", "kid", "inception_score"},
        "torchmetrics": {"fd"},
        "prdc": {"precision", "recall", "density", "coverage"},
    }
    assert [line.row.metric for line in lines if not line.agrees] == []
    assert {line.features for line in lines} == {"ours"}
    assert all(line.value is not None and np.isfinite(line.value) for line in lines)
    assert exit_code_of(lines) == 0
    assert "10 within tolerance." in table_of(lines)


@pytest.mark.parametrize("metric", ["fd", "kid", "inception_score", "precision", "coverage"])
def test_a_number_that_is_wrong_by_a_hundredth_is_found(
    metric: str, evaluation: Evaluation, rows: list[ScoreRow]
) -> None:
    (right,) = (row for row in rows if row.metric == metric)
    assert right.value
    wrong = replace(right, value=right.value + max(0.01, 0.01 * abs(right.value)))
    lines = list(recompute([wrong], evaluation, HOST))
    assert lines
    assert [line.agrees for line in lines] == [False] * len(lines)
    assert exit_code_of(lines) == 3
    assert "DIFFERS" in table_of(lines)


def test_a_set_that_is_scored_against_itself_agrees(tmp_path: Path) -> None:
    """Where every library has zero, up to its rounding."""
    data = make_data(per_class=60)
    same = evaluation_of_images(data.train.images, data.train.labels, data, tmp_path)
    (row,) = rows_of(same, FrechetDistance(FeatureMetricConfig(extractor="pixels")))
    lines = list(recompute([row], same, HOST))
    assert [line.agrees for line in lines] == [True] * 4


def test_scores_of_other_weights_are_not_compared(
    evaluation: Evaluation, rows: list[ScoreRow]
) -> None:
    (line,) = recompute([replace(rows[0], weights_sha256="cc")], evaluation, HOST)
    assert (line.value, line.agrees) == (None, None)
    assert line.note == "pixels has other weights here than the row's"
    assert "1 not checked." in table_of([line])


def test_scores_of_classes_and_those_that_failed_are_left_out(rows: list[ScoreRow]) -> None:
    of_class, failed = replace(rows[0], class_name="a"), replace(rows[0], status="failed")
    unknown = replace(rows[0], metric="accuracy")
    assert checkable([of_class, failed, unknown, rows[1]]) == [rows[1]]


def test_libraries_that_are_missing_are_named(
    evaluation: Evaluation, rows: list[ScoreRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = [replace(library, module="not_here") for library in LIBRARIES]
    monkeypatch.setattr("regene_bench.samples.parity.recompute.LIBRARIES", gone)
    lines = list(recompute(rows, evaluation, HOST, gone))
    assert lines == []
    assert "other libraries compute" in table_of(lines)


@pytest.fixture
def on_inception(tmp_path: Path) -> Iterator[Evaluation]:
    """A few grey images, and an Inception network of random weights."""
    data = make_data(per_class=2)
    file = save_script(random_inception(), tmp_path / "cache" / "weights")
    runtime = make_runtime(tmp_path)
    images = noisy(data.train.images, 60.0)
    evaluation = Evaluation(
        model=None,
        data=data,
        comparison=Comparison(data.train.labels, data.train, data.test, "train"),
        generated=replace(data.train, images=images),
        trials={},
        shelf=FeatureCache(lambda name: Inception, {}, data, runtime),
        runtime=runtime,
    )
    with published_in_place_of(file):
        yield evaluation


@pytest.mark.slow
def test_on_inception_clean_fid_resizes_and_embeds_the_images_itself(
    on_inception: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the Fréchet distance, whose square root of 2048 × 2048 takes half a minute."""
    rows = rows_of(
        on_inception,
        KernelDistance(FeatureMetricConfig(extractor="inception")),
        InceptionScore(InceptionScoreConfig(extractor="inception")),
    )
    monkeypatch.setattr(Inception, "weights", (backbone.INCEPTION_2015,))
    embedded: list[int] = []

    def counted(images: Tensor, *arguments: Any) -> Tensor:
        embedded.append(len(images))
        return clean_fid_features(images, *arguments)

    monkeypatch.setattr(recomputing, "clean_fid_features", counted)
    lines = list(recompute(rows, on_inception, load_plugins()))
    assert embedded == [6, 6]  # real and generated images, once
    assert [(line.row.metric, line.features) for line in lines] == [
        ("kid", "clean-fid"),
        ("inception_score", "ours"),
    ]
    assert all(line.agrees for line in lines)
    assert lines[0].difference != 0
