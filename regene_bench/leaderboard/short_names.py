"""Short names for lines and columns: only what tells them apart."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from regene_bench.leaderboard.aggregate import CONVENTION, Key
from regene_bench.leaderboard.board import Line
from regene_bench.leaderboard.record import EXTERNAL
from regene_bench.plugins.entries import OWN_DISTRIBUTION

_WORDS = {
    "extractor_id": "extractor",
    "weights_sha256": "weights",
    "preprocess_id": "preprocessing",
    "reference_split": "reference split",
    "n_real": "number of real images",
    "n_generated": "number of generated images",
}


def line_labels(
    lines: Sequence[Mapping[str, Any]], ours: Collection[str] = frozenset()
) -> list[str]:
    """Name the lines of one board: the method, and the parameters in which its lines differ.

    Args:
        lines: Mappings with the columns of ``aggregate.LINE``.
        ours: Names of the methods of regene-bench; another distribution's method of such a name
            has its distribution before it, be it alone on the board.

    Returns:
        One label a line: ``cgan[noise_dim=8]``, ``other-dist:cgan``, ``cgan v2``.
    """
    params = [json.loads(line["params"]) for line in lines]
    distributions: dict[str, set[str]] = {}
    versions: dict[str, set[str]] = {}
    values: dict[tuple[str, str], list[dict[str, str]]] = {}
    for line, own in zip(lines, params, strict=True):
        distributions.setdefault(line["method"], set()).add(line["distribution"])
        versions.setdefault(line["method"], set()).add(line["method_version"])
        shown = {key: _short(value) for key, value in own.items()}
        values.setdefault((line["method"], line["distribution"]), []).append(shown)
    differing = {method: _differing(siblings) for method, siblings in values.items()}
    labels = []
    for line, own in zip(lines, params, strict=True):
        label = str(line["method"])
        foreign = line["distribution"] not in (OWN_DISTRIBUTION, EXTERNAL)
        if len(distributions[line["method"]]) > 1 or (foreign and line["method"] in ours):
            label = f"{line['distribution']}:{label}"
        if len(versions[line["method"]]) > 1:
            label += f" v{line['method_version']}"
        keys = [k for k in differing[line["method"], line["distribution"]] if k in own]
        if keys:
            label += "[" + ",".join(f"{key}={_short(own[key])}" for key in keys) + "]"
        labels.append(label)
    return labels


def labels_among(lines: Sequence[Line]) -> list[str]:
    """Name some lines of a board by what tells them from one another, which is less."""
    rows = [
        {name: getattr(line, name) for name in ("method", "method_version", "distribution")}
        | {"params": line.params}
        for line in lines
    ]
    labels = []
    for line, label in zip(lines, line_labels(rows), strict=True):
        # whose a method is stays said
        prefix = f"{line.distribution}:"
        is_bare = line.label.startswith(prefix) and not label.startswith(prefix)
        labels.append(prefix + label if is_bare else label)
    return labels


def _differing(siblings: Sequence[Mapping[str, str]]) -> list[str]:
    keys = sorted({key for params in siblings for key in params})
    return [key for key in keys if len({params.get(key, _ABSENT) for params in siblings}) > 1]


def column_labels(measures: Sequence[Key]) -> tuple[list[str], list[str]]:
    """Name the columns of one board and say why a metric has more than one.

    Args:
        measures: Tuples of the columns of ``aggregate.MEASURE``.

    Returns:
        A label a column, such as ``fid`` or ``fid (train, a1b2c3d4)``, and the reasons.
    """
    labels, reasons = [], {}
    for measure in measures:
        metric, class_name, *convention = measure
        rivals = [m[2:] for m in measures if m[:2] == measure[:2]]
        differing = [i for i in range(len(CONVENTION)) if len({r[i] for r in rivals}) > 1]
        label = str(metric if class_name is None else class_name)
        parts = [_convention(CONVENTION[i], convention[i]) for i in differing]
        if 0 not in differing and not _tells_its_extractor(str(metric), convention[0]):
            parts.insert(0, str(convention[0]))
        if parts:
            label += f" ({', '.join(parts)})"
        if differing:
            words = " and ".join(_WORDS[CONVENTION[i]] for i in differing)
            reasons[metric] = (
                f"{metric} stands in {len(rivals)} columns that do not compare: the {words} differ."
            )
        labels.append(label)
    return labels, list(reasons.values())


def _tells_its_extractor(metric: str, extractor: str | None) -> bool:
    """A metric is read as on Inception, the field's default, unless its name says otherwise."""
    return extractor is None or extractor == "inception" or extractor in metric


# no value is written so: a lone quote is no JSON
_ABSENT = '"'


def _convention(name: str, value: Any) -> str:
    if value is None:
        return f"no {_WORDS[name]}"
    if name == "weights_sha256":
        return str(value)[:8]
    if name in ("n_real", "n_generated"):
        return f"{value} {name.removeprefix('n_')}"
    return str(value)


_written = json.JSONEncoder(separators=(",", ":")).encode


def _short(value: Any) -> str:
    return value if isinstance(value, str) else _written(value)
