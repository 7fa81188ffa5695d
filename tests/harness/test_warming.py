"""Before the first run: extractors and the real features that metrics compare with, no others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from regene_bench.data.device_images import BenchmarkData
from regene_bench.data.shapes import Split
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.evaluation.metric import Column, Metric, NamedMetric, Score
from regene_bench.harness.campaign import _warm
from tests.evaluation.fakes import MeanExtractor, Missing
from tests.methods.builders import make_data, make_runtime


class Comparing(Metric):
    columns = (Column("distance", "lower"),)
    extractors = ("mean",)

    def measure(self, evaluation: Evaluation) -> Iterable[Score]:
        return ()


class ComparingWithTest(Comparing):
    @property
    def reference(self) -> Split | None:
        return "test"


class Judging(Comparing):
    compares_features = False


class Lacking(Comparing):
    extractors = ("missing",)


@pytest.fixture(autouse=True)
def _counters(own_cache: Path) -> None:
    MeanExtractor.reset()
    Missing.reset()


def extracted(folder: Path, *metrics: type[Metric]) -> int:
    """Number of images that warming for some metrics extracts features of."""
    data: BenchmarkData = make_data()
    classes = {"mean": MeanExtractor, "missing": Missing}
    shelf = FeatureCache(classes.__getitem__, {}, data, make_runtime(folder))
    comparison = Comparison(data.test.labels, data.train, data.test, "train")
    _warm(shelf, [NamedMetric("fake", metric()) for metric in metrics], comparison)
    return MeanExtractor.extracted


def test_real_features_that_several_metrics_compare_with_are_extracted_once(
    tmp_path: Path,
) -> None:
    assert extracted(tmp_path, Comparing, Comparing) == len(make_data().train)


def test_so_are_those_of_another_split(tmp_path: Path) -> None:
    assert extracted(tmp_path, ComparingWithTest) == len(make_data().test)


def test_a_metric_that_only_judges_has_its_extractor_prepared_and_no_more(tmp_path: Path) -> None:
    assert extracted(tmp_path, Judging) == 0
    assert MeanExtractor.prepared == 1


def test_an_extractor_that_cannot_be_had_is_passed_over(tmp_path: Path) -> None:
    assert extracted(tmp_path, Lacking, Comparing) == len(make_data().train)
    assert Missing.prepared == 1
