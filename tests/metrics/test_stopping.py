"""A stop that is asked for while a metric is measured ends it."""

from __future__ import annotations

from pathlib import Path

import pytest
from regene_bench_plugins.metrics.feature_metric import FeatureMetricConfig
from regene_bench_plugins.metrics.frechet import FrechetInfinity, FrechetReal
from regene_bench_plugins.metrics.kid import KernelDistance
from regene_bench_plugins.metrics.prdc import Prdc

from regene_bench.api import Interrupted, Metric
from tests.evaluation.fakes import HalvingModel, MeanExtractor
from tests.evaluation.test_evaluation import evaluation_of
from tests.methods.builders import make_data


@pytest.mark.parametrize("metric", [Prdc, KernelDistance, FrechetInfinity, FrechetReal])
@pytest.mark.usefixtures("own_cache")
def test_a_stop_ends_a_long_metric(metric: type[Metric], tmp_path: Path) -> None:
    MeanExtractor.reset()
    evaluation = evaluation_of(HalvingModel(), make_data(), tmp_path)
    measure = metric(FeatureMetricConfig(extractor="mean")).measure
    assert list(measure(evaluation))
    evaluation.runtime.stop.ask("the test")
    with pytest.raises(Interrupted):
        list(measure(evaluation))
