"""Which metrics are measured: names with options, from a protocol or from ``--metrics``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, get_args

from regene_bench.base.errors import ConfigError, PluginError, UsageError, did_you_mean
from regene_bench.base.guard import guarded
from regene_bench.base.validation import validate
from regene_bench.data.shapes import Split
from regene_bench.evaluation.metric import Metric, NamedMetric
from regene_bench.plan.columns import check_metric, refuse_borrowed_columns
from regene_bench.plan.extractors import extractor_id, spellings
from regene_bench.plan.protocol import Benchmark
from regene_bench.plan.selection import parse_selections
from regene_bench.plan.spelling import title_of
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.training.capabilities import CAPABILITIES


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
        PluginError: A name is that of several distributions, or a metric would be taken for
            another on leaderboards.
    """
    if asked:
        return _make(host, asked)
    metrics = _make(host, ",".join(benchmark.evaluation.metrics), home=benchmark.distribution)
    columns = [column.name for named in metrics for column in named.metric.columns]
    rank_by = benchmark.evaluation.rank_by
    if rank_by not in columns:
        raise ConfigError(
            f"{benchmark.name}: evaluation.rank_by = {rank_by!r} is no column of its metrics.",
            hint=did_you_mean(rank_by, columns),
        )
    return metrics


def choose_metrics_of_moments(
    host: PluginHost, extractor: str, asked: str = ""
) -> list[NamedMetric]:
    """Make the metrics of a call that has only mean and covariance of the reference's features.

    Args:
        host: Knows the metrics and the extractors.
        extractor: Whose features the statistics are of. Metrics with an option ``extractor`` take
            it without being told.
        asked: ``fid,fd_infinity``, or empty: the metrics that are defined on this extractor, or
            where there are none those that can be set to it.

    Raises:
        UsageError: Unknown metric or extractor, a text that does not parse, or a metric that needs
            more of the reference, or another extractor.
        ConfigError: Unknown or impossible options.
    """
    known_as = extractor_id(host, host.find("feature_extractor", extractor))
    able = _metrics_of_moments(host)
    if not asked:
        own = [name for name, kind in able.items() if "extractor" not in kind.Config.model_fields]
        fixed = [named for named in _on(extractor, host, own) if named.metric.extractors]
        return fixed or _on(extractor, host, [name for name in able if name not in own])
    chosen = _make(host, asked, extractor)
    for named in chosen:
        metric = named.metric
        if not metric.moments_suffice:
            raise UsageError(
                f"{named.name} needs the real images, and statistics are only mean and covariance "
                "of their features.",
                hint=f"These need no more: {', '.join(able)}. Others need --against BENCHMARK.",
            )
        other = [name for name in metric.extractors if name != known_as]
        if other:
            raise UsageError(
                f"{named.name} is measured with {other[0]}, but the statistics are of {extractor}.",
                hint="Leave it out of --metrics, or give statistics of that extractor.",
            )
        if metric.reference is not None:
            raise UsageError(
                f"{named.name} names a split, and statistics have none to choose from.",
                hint="Leave out reference=…, and give statistics of the split that is meant.",
            )
    return chosen


def _metrics_of_moments(host: PluginHost) -> dict[str, type[Metric]]:
    """The metrics that compare with mean and covariance alone, by name."""
    found: dict[str, type[Metric]] = {}
    for name in host.shown_names("metric"):
        with suppress(PluginError):
            kind: type[Metric] = host.find("metric", name).load()
            if kind.moments_suffice and kind.compares_features:
                found[name] = kind
    return found


def _on(extractor: str, host: PluginHost, names: Sequence[str]) -> list[NamedMetric]:
    """Those of some metrics that are measured with an extractor, set to it where they can be."""
    made = _make(host, ",".join(names), extractor) if names else []
    known_as = extractor_id(host, host.find("feature_extractor", extractor))
    return [named for named in made if set(named.metric.extractors) <= {known_as}]


def check_extractor_tables(host: PluginHost, benchmark: Benchmark) -> None:
    """Let no table of options whose name is misspelled be passed over.

    Raises:
        ConfigError: It names no extractor.
    """
    for preset, table in benchmark.presets.items():
        for name in table.extractors:
            try:
                host.find("feature_extractor", name, home=benchmark.distribution)
            except UsageError as error:
                raise ConfigError(
                    f"{benchmark.name}: presets.{preset}.extractors names {name!r}.",
                    hint=error.hint,
                ) from None


def extractors_of(metrics: Iterable[NamedMetric]) -> list[str]:
    """Names of the extractors that metrics use, each once, in their order."""
    return list(dict.fromkeys(name for named in metrics for name in named.metric.extractors))


def _make(host: PluginHost, text: str, extractor: str = "", *, home: str = "") -> list[NamedMetric]:
    metrics: dict[tuple[str, str, str], NamedMetric] = {}
    for selection in parse_selections(text):
        entry = host.find("metric", selection.name, home=home)
        kind: type[Metric] = entry.load()
        check_metric(entry, kind)
        refuse_borrowed_columns(host, entry)
        for given in selection.grid:
            settable = extractor and "extractor" in kind.Config.model_fields
            options = {"extractor": extractor} | given if settable else given
            title = title_of(selection.name, options)
            values, asked = _with_extractor_id(host, kind, options, home)
            metric = _made(entry, kind, values, f"metric {selection.name}")
            own = [name for name in metric.extractors if name not in asked]
            names = spellings(host, own, entry.distribution) | asked
            # one metric in two spellings is measured once
            key = (entry.qualified_name, repr(metric.config), repr(names))
            metrics.setdefault(key, NamedMetric(title, metric, names))
    return list(metrics.values())


def _made(entry: Entry, kind: type[Metric], options: Mapping[str, Any], where: str) -> Metric:
    """Make a metric, and hold what it says of itself to the contract.

    Raises:
        ConfigError: Unknown or impossible options.
        PluginError: It fails, or names its extractors or its split in another form.
    """
    with guarded(entry.described), kept_process_state():
        metric = kind(validate(kind.Config, options, where))
        extractors, reference = metric.extractors, metric.reference
    if not isinstance(extractors, tuple | list) or not all(
        isinstance(name, str) for name in extractors
    ):
        raise PluginError(
            f"{entry.described} says that its extractors are {extractors!r:.80}.",
            hint='Its author is to give their names: ("inception",).',
        )
    known = (*CAPABILITIES, "labels")
    for word in metric.requires:
        if word not in known:
            raise PluginError(
                f"{entry.described} requires {word!r}, which no model can.",
                hint=did_you_mean(word, known),
            )
    if reference not in (None, *get_args(Split)):
        raise PluginError(
            f"{entry.described} compares with the split {reference!r:.80}.",
            hint="Its author is to write 'train', 'test' or None.",
        )
    return metric


def _with_extractor_id(
    host: PluginHost, kind: type[Metric], options: dict[str, Any], home: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """Put the extractor's id in results in the place of what was written for it.

    Returns:
        The options, and how the extractor is looked up by its id.
    """
    written = options.get("extractor")
    if not isinstance(written, str) or "extractor" not in kind.Config.model_fields:
        return options, {}
    entry = host.find("feature_extractor", written, home=home)
    known_as = extractor_id(host, entry)
    return options | {"extractor": known_as}, {known_as: host.spelling(entry)}
