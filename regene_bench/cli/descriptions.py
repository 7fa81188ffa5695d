"""What ``regene-bench info`` says of an entry of each kind, as lines of text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from regene_bench.base.text import aligned, printable
from regene_bench.cli.parameter_tables import parameter_table, settings
from regene_bench.leaderboard.directions import BETTER

if TYPE_CHECKING:
    from regene_bench.plan.protocol import Benchmark
    from regene_bench.plugins.entries import Entry
    from regene_bench.plugins.host import PluginHost
    from regene_bench.studies.definition import Study

Describe = Callable[["PluginHost", "Entry", str], list[str]]
"""From the plugins, an entry, and a benchmark's name (or none) to lines."""


def describe_benchmark(host: PluginHost, entry: Entry, _: str) -> list[str]:
    """Its data, metrics and presets, and what its augmentation touches."""
    from regene_bench.plan.metrics import choose_metrics
    from regene_bench.plan.protocol import load_benchmark

    protocol = load_benchmark(host, entry.qualified_name)
    data, evaluation = protocol.data, protocol.evaluation
    metrics = choose_metrics(host, protocol)
    columns = [(one.name, ", ".join(c.name for c in one.metric.columns)) for one in metrics]
    extractors = {name for one in metrics for name in one.metric.extractors}
    presets = [
        (name, f"{p.n_generated} generated against {p.n_reference} real images", _options(p))
        for name, p in protocol.presets.items()
    ]
    return [
        "",
        f"{printable(protocol.title)} (version {protocol.version})",
        protocol.description.strip(),
        "",
        f"images     {data.channels}×{data.height}×{data.width}, {data.classes} classes, "
        f"from {data.source}",
        *([f"options    {data.options}"] if data.options else []),
        f"augmented  {settings(protocol.augmentation.model_dump())}",
        f"           in the batches of {_augmented(host, protocol, extractors)}",
        f"methods    {', '.join(protocol.default_methods)}",
        f"ranked by  {evaluation.rank_by}, against the {evaluation.reference_split} split",
        "",
        "metrics and their columns:",
        aligned(columns, indent="  "),
        "",
        "presets:",
        aligned(presets, indent="  "),
    ]


def _augmented(host: PluginHost, protocol: Benchmark, extractors: Iterable[str]) -> str:
    """Name the trainings of a benchmark's own methods and extractors that are augmented."""
    named = [("method", name) for name in protocol.default_methods]
    named += [("feature_extractor", name) for name in sorted(extractors)]
    found = []
    for kind, name in named:
        for stage in host.find(kind, name).load().augmented_stages:
            found.append(f"{name} (stage {stage!r})")
    return ", ".join(found) if found else "none of its methods and extractors"


def _options(preset: Any) -> str:
    tables = (f"{name}: {settings(table)}" for name, table in preset.extractors.items())
    return "; ".join(tables)


def describe_method(host: PluginHost, entry: Entry, benchmark: str) -> list[str]:
    """Its parameters, and what presets set for the images of a benchmark."""
    method = entry.load()
    lines = describe_class(host, entry, benchmark)
    table = parameter_table(method.Config, sampling=method.sampling_params)
    if not table:
        return [*lines, "", "It has no parameters."]
    lines += ["", table, ""]
    if method.sampling_params:
        lines.append("Runs that differ in parameters of the samples alone are trained once.")
    name = entry.name if entry.qualified_name != entry.target else entry.target
    lines.append(f"Set one with --set {name}.KEY=VALUE or --methods '{name}[KEY=VALUE]'.")
    return lines + _presets(host, entry, benchmark)


def _presets(host: PluginHost, entry: Entry, name: str) -> list[str]:
    from regene_bench.data.shapes import PRESETS
    from regene_bench.plan.configuration import preset_values
    from regene_bench.plan.protocol import installed_protocols, load_benchmark

    if name:
        protocol = load_benchmark(host, name)
        others = []
    else:
        known = list(installed_protocols(host, host.shown_names("benchmark")).values())
        # of the benchmarks that have the method in their own table, the one of the fewest pixels
        known.sort(key=lambda one: one.data.height * one.data.width)
        known.sort(key=lambda one: entry.name not in one.default_methods)
        if not known:
            return []
        protocol, *others = known
    method, shape = entry.load(), protocol.data.shape
    presets = [
        (preset, settings(preset_values(entry, method, preset, shape))) for preset in PRESETS
    ]
    size = f"{shape.channels}×{shape.height}×{shape.width}, {shape.n_classes} classes"
    lines = ["", f"Presets, for the images of {protocol.name} ({size}):"]
    lines.append(aligned(presets, indent="  "))
    return lines + (["For other images, --for BENCHMARK."] if others else [])


def describe_metric(host: PluginHost, entry: Entry, benchmark: str) -> list[str]:
    """What it needs, its columns and its options."""
    metric = entry.load()
    rows = [(c.name, BETTER[c.direction], c.unit, c.summary) for c in metric.columns]
    needs = ", ".join(metric.requires) or "nothing of the model"
    lines = describe_class(host, entry, benchmark)
    lines += ["", f"needs {needs}; reports:", aligned(rows, indent="  ")]
    if table := parameter_table(metric.Config, "option"):
        lines += ["", table, "", f"Write one as {entry.name}[KEY=VALUE]."]
    return lines


def describe_extractor(host: PluginHost, entry: Entry, benchmark: str) -> list[str]:
    """Its documentation, and the weights that it needs."""
    lines = describe_class(host, entry, benchmark)
    for file in entry.load().weights:
        lines += ["", f"weights {file.name}: {file.url}", f"  SHA-256 {file.sha256}"]
    return lines


def describe_study(host: PluginHost, entry: Entry, _: str) -> list[str]:
    """What it runs, under every preset, and what it draws."""
    from regene_bench.data.shapes import PRESETS
    from regene_bench.studies.definition import load_study

    study = load_study(host, entry.qualified_name)
    rows = [
        (table.kind, settings(table.options) if table.options else "") for table in study.figures
    ]
    lines = [
        "",
        f"{printable(study.title)} (version {study.version})",
        f"source: {printable(study.source)}",
        *([study.description.strip()] if study.description.strip() else []),
        "",
        *_runs(study),
    ]
    for preset in PRESETS:
        own, table = _runs(study.at(preset)), study.presets.get(preset)
        if table is not None and (table.figures or own != _runs(study)):
            drawn = [f"{kind}: {settings(options)}" for kind, options in table.figures.items()]
            lines += ["", f"preset {preset}:", *own, *(f"figure     {line}" for line in drawn)]
    lines += ["", "figures, and their options:", aligned(rows, indent="  ")]
    return [*lines, "", f"Run it with `regene-bench study {entry.name}`."]


def _runs(study: Study) -> list[str]:
    return [
        f"benchmarks {', '.join(study.benchmarks)}",
        f"methods    {study.methods}",
        f"seeds      {study.seeds}",
        f"metrics    {', '.join(study.metrics) or 'those of the benchmark'}",
        *([f"settings   {', '.join(study.settings)}"] if study.settings else []),
    ]


def describe_figure(host: PluginHost, entry: Entry, benchmark: str) -> list[str]:
    """Its options, and the studies that draw it."""
    from regene_bench.studies.definition import installed_studies

    lines = describe_class(host, entry, benchmark)
    if table := parameter_table(entry.load().Config, "option"):
        lines += ["", table, "", "Set them under [figures.options] in a study's file."]
    users = [
        study.name
        for study in installed_studies(host)
        if any(figure.kind in (entry.name, entry.qualified_name) for figure in study.figures)
    ]
    return [*lines, "", f"drawn by the studies: {', '.join(users) or 'none'}"]


def describe_executor(host: PluginHost, entry: Entry, benchmark: str) -> list[str]:
    """Its options, where it has any."""
    lines = describe_class(host, entry, benchmark)
    model = getattr(entry.load(), "Config", None)
    if model is not None and (table := parameter_table(model, "option")):
        lines += ["", table, "", "Set them by --executor-option KEY=VALUE."]
    return lines


def describe_reported(host: PluginHost, entry: Entry, _: str) -> list[str]:
    """How many numbers of which papers it holds, for which benchmarks."""
    from regene_bench.plan.reported import parse_reported

    where = entry.target.partition(":")[2]
    numbers = list(parse_reported(entry.load().read_text(encoding="utf-8"), where))
    counts: dict[tuple[str, str], int] = {}
    for one in numbers:
        counts[one.benchmark, one.source] = counts.get((one.benchmark, one.source), 0) + 1
    rows = [(benchmark, str(n), source) for (benchmark, source), n in sorted(counts.items())]
    return ["", aligned(rows, ("benchmark", "numbers", "source"), indent="  ")]


def describe_class(_: PluginHost, entry: Entry, __: str) -> list[str]:
    """The documentation of what was registered."""
    text = inspect.getdoc(entry.load())
    return ["", text] if text else []


DESCRIBE: dict[str, Describe] = {
    "benchmark": describe_benchmark,
    "method": describe_method,
    "metric": describe_metric,
    "extractor": describe_extractor,
    "dataset": describe_class,
    "study": describe_study,
    "figure": describe_figure,
    "executor": describe_executor,
    "reported": describe_reported,
    "logger": describe_class,
}
"""How each kind is described, by the word that a person uses for it."""
