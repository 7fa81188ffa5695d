"""Names in a distribution's own files mean its own, whatever else is installed."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from regene_bench.base.errors import ConfigError, PluginError, UsageError
from regene_bench.base.events import silent
from regene_bench.data.shapes import PRESETS
from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import Options
from regene_bench.harness.prepare import prepare
from regene_bench.plan.extractors import extractor_options
from regene_bench.plan.metrics import check_extractor_tables, choose_metrics
from regene_bench.plan.protocol import load_benchmark
from regene_bench.plan.runs import choose
from regene_bench.plan.selection import Selection, parse_selections, parse_settings
from regene_bench.plan.spelling import spelt_metrics
from regene_bench.plugins.entries import KIND_OF_HOOK, Entry
from regene_bench.plugins.host import PluginHost, load_plugins
from regene_bench.runtime.stop import StopRequest
from regene_bench.samples.reproduction import command_of
from regene_bench.studies.definition import load_study, make_figures
from tests import first_party
from tests.conftest import tiny_protocol_text
from tests.hostile_plugins.sources import method
from tests.plugins.distributions import install

_SMALL = "images=64,width=4,discriminator_width=4"


@pytest.fixture
def usurped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PluginHost:
    """What is installed where a distribution registers every name that we do."""
    lines = ["from regene_bench.hookspecs import hookimpl"]
    for hook, kind in KIND_OF_HOOK.items():
        lines += ["@hookimpl", f"def {hook}(register):", "    pass"]
        for one in first_party.entries(kind):
            suffix = one.target[one.target.rindex(".") :] if "/" in one.target else ""
            target = f"usurper:none{suffix}" if suffix else "usurper:Nothing"
            lines.append(f"    register({one.name!r}, {target!r})")
    install(tmp_path, "usurper", "\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    host = load_plugins()
    assert not host.broken
    return host


def test_a_usurper_is_refused_where_somebody_types_a_name(usurped: PluginHost) -> None:
    for kind in ("method", "metric", "feature_extractor", "dataset", "benchmark", "study"):
        for one in first_party.entries(kind):
            with pytest.raises(PluginError, match=f"'regene-bench:{one.name}' or 'usurper:"):
                usurped.find(kind, one.name)


@pytest.mark.parametrize("one", first_party.entries("benchmark"), ids=lambda one: one.name)
def test_a_usurper_changes_no_protocol_of_ours(one: Entry, usurped: PluginHost) -> None:
    benchmark = load_benchmark(usurped, one.qualified_name)
    assert usurped.find("dataset", benchmark.data.source, home=benchmark.distribution).is_our_own
    for named in choose_metrics(usurped, benchmark):
        found = [usurped.find("feature_extractor", name) for name in named.lookups]
        assert all(entry.is_our_own for entry in found)
    selections = [Selection(name, ({},)) for name in benchmark.default_methods]
    check_extractor_tables(usurped, benchmark)
    for preset in PRESETS:
        home = benchmark.distribution
        chosen = choose(usurped, benchmark, selections, [0], preset, {}, home=home)
        assert all(choice.entry.is_our_own for choice in chosen)
        options = extractor_options(usurped, benchmark, preset)
        # found under the name that a metric has, and under the one that it is looked up by
        for name, table in benchmark.presets[preset].extractors.items():
            assert options[name] == options[f"regene-bench:{name}"] == table


@pytest.mark.parametrize("one", first_party.entries("study"), ids=lambda one: one.name)
def test_a_usurper_changes_no_study_of_ours(one: Entry, usurped: PluginHost) -> None:
    study = load_study(usurped, one.qualified_name)
    assert study.name == one.name
    for preset in PRESETS:
        at = study.at(preset)
        for selection in parse_selections(at.methods):
            assert usurped.find("method", selection.name).is_our_own
        for name in at.benchmarks:
            assert usurped.find("benchmark", name).is_our_own
    if study.metrics:
        benchmark = load_benchmark(usurped, study.benchmarks[0])
        assert choose_metrics(usurped, benchmark, ",".join(study.metrics))
    assert len(make_figures(usurped, study)) == len(study.figures)


def test_a_usurper_keeps_no_protocol_of_ours_from_running(
    usurped: PluginHost, tmp_path: Path
) -> None:
    options = Options(results=tmp_path / "results", preset="quick")
    campaign = prepare("regene-bench:digits", options, silent, StopRequest())
    assert {run.entry.distribution for run in campaign.runs} == {"regene-bench"}
    assert campaign.setting.data.name == campaign.benchmark.name == "digits"


def test_without_a_usurper_a_study_is_as_it_is_written() -> None:
    host = load_plugins()
    for one in first_party.entries("study"):
        assert not any("regene-bench:" in text for text in str(load_study(host, one.name)).split())


def test_settings_are_for_the_method_of_the_call(usurped: PluginHost) -> None:
    benchmark = load_benchmark(usurped, "regene-bench:digits")
    own = [Selection("cgan", ({},))]
    for written in ("cgan.width=6", "regene-bench:cgan.width=6"):
        settings = parse_settings([written])
        (choice,) = choose(usurped, benchmark, own, [0], "quick", settings, home="regene-bench")
        assert choice.config.model_dump()["width"] == 6
    both = parse_settings(["cgan.width=6", "regene-bench:cgan.width=7"])
    with pytest.raises(UsageError, match="twice"):
        choose(usurped, benchmark, own, [0], "quick", both, home="regene-bench")


def test_metrics_of_a_file_are_written_for_a_command_line(usurped: PluginHost) -> None:
    texts = ["fid", "kid[extractor=neutral]"]
    assert spelt_metrics(usurped, texts, "regene-bench") == [
        "regene-bench:fid",
        "regene-bench:kid[extractor=regene-bench:neutral]",
    ]
    assert spelt_metrics(PluginHost(), texts, "regene-bench") == texts


def test_one_metric_in_two_spellings_is_measured_once() -> None:
    host = load_plugins()
    benchmark = load_benchmark(host, "digits")
    asked = "kid[extractor=neutral],regene-bench:kid[extractor=regene-bench:neutral]"
    (named,) = choose_metrics(host, benchmark, asked)
    assert (named.lookups, named.metric.extractors) == (("neutral",), ("neutral",))


_OWN = """
@hookimpl
def register_benchmarks(register):
    register("NAME", "MODULE_files:NAME.toml")
"""


def install_with_a_protocol(folder: Path, distribution: str, name: str) -> None:
    """Install a distribution with a method ``cgan`` and a protocol that runs it."""
    module = distribution.replace("-", "_")
    source = method(name="cgan") + _OWN.replace("NAME", name)
    install(folder, distribution, source.replace("MODULE", module))
    files = folder / f"{module}_files"
    files.mkdir()
    (files / "__init__.py").touch()
    text = tiny_protocol_text("memorisation", rank_by="nearest_pixels")
    text = text.replace('"tiny"', f'"{name}"').replace('["real"]', '["cgan", "real"]')
    (files / f"{name}.toml").write_text(text)


def test_a_protocol_runs_the_method_of_its_own_distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_with_a_protocol(tmp_path, "own-noise", "noisy")
    monkeypatch.syspath_prepend(str(tmp_path))
    outcome = run_campaign("noisy", Options(results=tmp_path / "results", preset="quick"))
    assert [(r.method, r.distribution, r.status) for r in outcome.ran] == [
        ("cgan", "own-noise", "ok"),
        ("real", "regene-bench", "ok"),
    ]


def test_a_foreign_protocol_with_a_name_of_ours_has_a_table_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_with_a_protocol(tmp_path, "own-digits", "digits")
    monkeypatch.syspath_prepend(str(tmp_path))
    results = tmp_path / "results"
    options = Options(results=results, preset="quick", methods="real")
    outcome = run_campaign("own-digits:digits", options)
    (part,) = results.glob("leaderboard/*/*.parquet")
    assert set(pq.read_table(part)["benchmark"].to_pylist()) == {"own-digits.digits"}
    host = load_plugins()
    # what stands in the row is found again, and made again
    assert load_benchmark(host, "own-digits.digits") == outcome.benchmark
    assert command_of(outcome.ran[0], host)[:3] == ["regene-bench", "run", "own-digits.digits"]
    assert run_campaign("own-digits.digits", options).kept == [outcome.ran[0].run_id]


def test_a_file_may_not_be_called_as_a_registered_protocol_that_it_is_not(tmp_path: Path) -> None:
    host = load_plugins()
    text = host.find("benchmark", "digits").load().read_text()
    copy = tmp_path / "copy.toml"
    copy.write_text(text)
    assert load_benchmark(host, str(copy)).name == "digits"
    copy.write_text(text.replace("n_generated = ", "n_generated = 1"))
    with pytest.raises(ConfigError, match="is not that one"):
        load_benchmark(host, str(copy))
    copy.write_text(copy.read_text().replace('name = "digits"', 'name = "my-digits"'))
    assert load_benchmark(host, str(copy)).name == "my-digits"
