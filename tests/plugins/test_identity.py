"""No plugin's numbers stand under another's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.base.errors import PluginError
from regene_bench.data.device_images import BenchmarkData
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.plan.metrics import choose_metrics
from regene_bench.plan.protocol import load_benchmark
from regene_bench.plugins.host import load_plugins
from tests.evaluation.fakes import MeanExtractor
from tests.methods.builders import make_data, make_runtime
from tests.plugins.distributions import install

_METRICS = """
from regene_bench.hookspecs import hookimpl

@hookimpl
def register_metrics(register):
    register("NAME", "MODULE_metrics:Mine")
    register("second_NAME", "MODULE_metrics:Mine")
"""
_CODE = """
from regene_bench.api import Column, Metric, Score

class Mine(Metric):
    columns = (Column("COLUMN", "lower"),)

    def measure(self, evaluation):
        yield Score("COLUMN", 0.0)
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def add(site: Path, distribution: str, name: str, column: str) -> None:
    module = distribution.replace("-", "_")
    install(site, distribution, _METRICS.replace("NAME", name).replace("MODULE", module))
    (site / f"{module}_metrics.py").write_text(_CODE.replace("COLUMN", column))


def test_a_foreign_metric_may_not_report_a_column_of_ours(site: Path) -> None:
    add(site, "borrower-one", "quick_fid", "fid")
    host = load_plugins()
    benchmark = load_benchmark(host, "digits")
    with pytest.raises(PluginError) as caught:
        choose_metrics(host, benchmark, "quick_fid")
    assert "'quick_fid' of borrower-one reports the column 'fid'" in caught.value.message
    # who does not ask for it is not troubled by it
    assert choose_metrics(host, benchmark, "fid,kid")


def test_two_distributions_may_not_report_one_column(site: Path) -> None:
    add(site, "borrower-two", "sharp", "sharpness")
    add(site, "borrower-three", "crisp", "sharpness")
    host = load_plugins()
    benchmark = load_benchmark(host, "digits")
    for name in ("sharp", "crisp"):
        with pytest.raises(PluginError, match="'sharpness'"):
            choose_metrics(host, benchmark, name)


def test_metrics_of_one_distribution_may_share_a_column(site: Path) -> None:
    add(site, "borrower-four", "own", "own_column")
    host = load_plugins()
    (named,) = choose_metrics(host, load_benchmark(host, "digits"), "second_own")
    assert [column.name for column in named.metric.columns] == ["own_column"]


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


def test_an_extractors_card_has_the_name_that_it_is_registered_under(
    data: BenchmarkData, tmp_path: Path
) -> None:
    def cache(registered: str) -> FeatureCache:
        runtime = make_runtime(tmp_path)
        return FeatureCache(lambda _: MeanExtractor, {}, data, runtime, lambda _: registered)

    assert cache("mean").extractor("dist:mean").card.id == "mean"
    with pytest.raises(PluginError) as caught:
        cache("median").extractor("median")
    assert "'median' calls itself 'mean'" in caught.value.message
