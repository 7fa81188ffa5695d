"""``regene-bench info``: what one registered thing is and what can be set."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regene_bench.base.errors import UsageError, did_you_mean
from regene_bench.base.text import aligned, printable, say
from regene_bench.cli.options import complete_any, complete_benchmarks
from regene_bench.leaderboard.directions import BETTER
from regene_bench.plugins.host import load_plugins

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from regene_bench.plugins.host import Entry, PluginHost


def info(
    name: Annotated[str, typer.Argument(help="Any name.", autocompletion=complete_any)],
    kind: Annotated[str, typer.Option(help="Describe the one of this kind only.")] = "",
    benchmark: Annotated[
        str,
        typer.Option(
            help="Show a method's presets for the images of this benchmark.",
            autocompletion=complete_benchmarks,
        ),
    ] = "",
) -> None:
    """Describe a benchmark, method, metric, extractor or dataset."""
    host = load_plugins()
    describers: dict[str, Callable[[Entry], list[str]]] = {
        "benchmark": lambda entry: _benchmark(host, entry),
        "method": lambda entry: _method(host, entry, benchmark),
        "metric": _metric,
        "extractor": _extractor,
        "dataset": _documentation,
    }
    if kind and kind not in describers:
        raise UsageError(f"There is no kind {kind!r}.", hint=did_you_mean(kind, describers))
    kinds = {k: "feature_extractor" if k == "extractor" else k for k in describers}
    wanted = {k: v for k, v in kinds.items() if kind in ("", k)}
    found = [k for k, v in wanted.items() if any(_is(e, name) for e in host.entries(v))]
    if not found:
        known = {n for v in wanted.values() for n in host.shown_names(v)}
        raise UsageError(
            f"There is nothing named {name!r}.", hint=host.with_broken(did_you_mean(name, known))
        )
    for i, one in enumerate(found):
        entry = host.find(kinds[one], name)
        lines = [
            *([""] if i else []),
            f"{one} {entry.name}: {printable(entry.summary)}".rstrip(": "),
            f"from {printable(entry.distribution)} {printable(entry.version)}, {entry.target}",
            *describers[one](entry),
        ]
        say("\n".join(lines))


def _is(entry: Entry, name: str) -> bool:
    return name in (entry.name, entry.qualified_name)


def _benchmark(host: PluginHost, entry: Entry) -> list[str]:
    from regene_bench.plan.metrics import choose_metrics
    from regene_bench.plan.protocol import load_benchmark

    protocol = load_benchmark(host, entry.qualified_name)
    data, evaluation = protocol.data, protocol.evaluation
    metrics = []
    for named in choose_metrics(host, protocol):
        metrics.append((named.name, ", ".join(column.name for column in named.metric.columns)))
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
        f"train on   {_settings(protocol.augmentation.model_dump())}",
        f"methods    {', '.join(protocol.default_methods)}",
        f"ranked by  {evaluation.rank_by}, against the {evaluation.reference_split} split",
        "",
        "metrics and their columns:",
        aligned(metrics, indent="  "),
        "",
        "presets:",
        aligned(presets, indent="  "),
    ]


def _options(preset: Any) -> str:
    tables = (f"{name}: {_settings(table)}" for name, table in preset.extractors.items())
    return "; ".join(tables)


def _method(host: PluginHost, entry: Entry, benchmark: str) -> list[str]:
    from regene_bench.data.shapes import PRESETS
    from regene_bench.plan.configuration import preset_values
    from regene_bench.plan.protocol import load_benchmark

    method = entry.load()
    lines = _documentation(entry)
    fields: dict[str, FieldInfo] = method.Config.model_fields
    if not fields:
        return [*lines, "", "It has no parameters."]
    told = _attribute_lines(method.Config)
    rows = [
        (
            name,
            _type_name(field),
            _default(field),
            _range(field),
            field.description or told.get(name, ""),
        )
        for name, field in fields.items()
    ]
    header = ("parameter", "type", "default", "range", "")
    lines += ["", aligned(rows, header, indent="  "), ""]
    lines.append(
        f"Set one with --set {entry.name}.KEY=VALUE or --methods '{entry.name}[KEY=VALUE]'."
    )
    names = host.shown_names("benchmark")
    if benchmark or names:
        protocol = load_benchmark(host, benchmark or names[0])
        shape = protocol.data.shape
        presets = [(p, _settings(preset_values(entry, method, p, shape))) for p in PRESETS]
        lines += ["", f"Presets, for the images of {protocol.name}:", aligned(presets, indent="  ")]
    return lines


def _metric(entry: Entry) -> list[str]:
    metric = entry.load()
    rows = [(c.name, BETTER[c.direction], c.unit, c.summary) for c in metric.columns]
    needs = ", ".join(metric.requires) or "nothing of the model"
    lines = [*_documentation(entry), "", f"needs {needs}; reports:", aligned(rows, indent="  ")]
    described = _attribute_lines(metric.Config)
    options = [
        (name, _type_name(field), _default(field), described.get(name, ""))
        for name, field in metric.Config.model_fields.items()
    ]
    if options:
        header = ("option", "type", "default", "")
        lines += ["", aligned(options, header, indent="  "), ""]
        lines.append(f"Write one as {entry.name}[KEY=VALUE].")
    return lines


def _extractor(entry: Entry) -> list[str]:
    lines = _documentation(entry)
    for file in entry.load().weights:
        lines += ["", f"weights {file.name}: {file.url}", f"  SHA-256 {file.sha256}"]
    return lines


def _documentation(entry: Entry) -> list[str]:
    text = inspect.getdoc(entry.load())
    return ["", text] if text else []


def _attribute_lines(config: type) -> dict[str, str]:
    """Read the ``Attributes:`` of a class and its bases from their Google-style docstrings."""
    found: dict[str, str] = {}
    for base in reversed(config.__mro__):
        _, _, block = (inspect.cleandoc(base.__doc__ or "")).partition("Attributes:\n")
        name = ""
        for line in block.splitlines():
            if match := re.match(r" {4}(\w+): (.*)", line):
                name = match[1]
                found[name] = match[2]
            elif name and line.startswith(" " * 8):
                found[name] += " " + line.strip()
            else:
                name = ""
    return found


def _settings(values: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items()) or "nothing set"


def _type_name(field: FieldInfo) -> str:
    annotation = field.annotation
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _default(field: FieldInfo) -> str:
    return "required" if field.is_required() else str(field.get_default(call_default_factory=True))


def _range(field: FieldInfo) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "multiple_of": "multiple of"}
    found = []
    for constraint in field.metadata:
        for attribute, sign in signs.items():
            value = getattr(constraint, attribute, None)
            if value is not None:
                found.append(f"{sign} {value}")
    return ", ".join(found)
