"""Which metrics are measured: names with options, from a protocol or from ``--metrics``."""

from __future__ import annotations

from collections.abc import Iterable

from regene_bench.base.errors import ConfigError, UsageError, did_you_mean
from regene_bench.base.validation import validate
from regene_bench.evaluation.metric import Metric, NamedMetric
from regene_bench.plan.protocol import Benchmark
from regene_bench.plan.selection import parse_selections
from regene_bench.plugins.host import PluginHost


def choose_metrics(host: PluginHost, benchmark: Benchmark, asked: str = "") -> list[NamedMetric]:
    """Make the metrics of a call.

    Args:
        host: Knows the metrics and the extractors.
        benchmark: Its protocol lists metrics; they count where none are asked for.
        asked: ``fid,kid[extractor=inception|efficientnet_lite0]``, or empty.

    Raises:
        UsageError: Unknown metric or extractor, or a text that does not parse.
        ConfigError: Unknown or impossible options; or the protocol ranks by a column that none of
            its metrics reports.
    """
    if asked:
        return _make(host, asked)
    metrics = _make(host, ",".join(benchmark.evaluation.metrics))
    columns = [column.name for named in metrics for column in named.metric.columns]
    rank_by = benchmark.evaluation.rank_by
    if rank_by not in columns:
        raise ConfigError(
            f"{benchmark.name}: evaluation.rank_by = {rank_by!r} is no column of its metrics.",
            hint=did_you_mean(rank_by, columns),
        )
    return metrics


def check_extractor_tables(host: PluginHost, benchmark: Benchmark) -> None:
    """Let no table of options whose name is misspelled be passed over.

    Raises:
        ConfigError: It names no extractor.
    """
    for preset, table in benchmark.presets.items():
        for name in table.extractors:
            try:
                host.find("feature_extractor", name)
            except UsageError as error:
                raise ConfigError(
                    f"{benchmark.name}: presets.{preset}.extractors names {name!r}.",
                    hint=error.hint,
                ) from None


def extractors_of(metrics: Iterable[NamedMetric]) -> list[str]:
    """Names of the extractors that metrics use, each once, in their order."""
    return list(dict.fromkeys(name for named in metrics for name in named.metric.extractors))


def _make(host: PluginHost, text: str) -> list[NamedMetric]:
    metrics: dict[str, NamedMetric] = {}
    for selection in parse_selections(text):
        kind: type[Metric] = host.find("metric", selection.name).load()
        for options in selection.grid:
            config = validate(kind.Config, options, f"metric {selection.name}")
            inside = ",".join(f"{key}={value}" for key, value in options.items())
            title = f"{selection.name}[{inside}]" if inside else selection.name
            metrics[title] = NamedMetric(title, kind(config))
    for extractor in extractors_of(metrics.values()):
        host.find("feature_extractor", extractor)
    return list(metrics.values())
