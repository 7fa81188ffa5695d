"""From rows to statistics over seeds, all at once and with nothing averaged that does not compare.

A board is a cohort of runs; a line on it is one method with one set of parameters; a measure is one
metric under one convention. All three are tuples of the columns named here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regene_bench.leaderboard.boxed import boxed
from regene_bench.leaderboard.grouping import (
    Function,
    Groups,
    codes,
    group,
    members,
    plain,
    records,
)
from regene_bench.leaderboard.student import quantile
from regene_bench.leaderboard.unboxed import has_text, is_there, unboxed

COHORT = ("benchmark", "protocol_version", "dataset", "dataset_fingerprint", "preset")
LINE = ("method", "method_version", "method_role", "distribution", "params")
CONVENTION = (
    "extractor_id",
    "weights_sha256",
    "preprocess_id",
    "reference_split",
    "n_real",
    "n_generated",
)
MEASURE = ("metric", "class", *CONVENTION)
COSTS = (
    "fit_seconds",
    "generate_seconds",
    "measure_seconds",
    "fit_images_per_second",
    "generate_images_per_second",
    "peak_memory_bytes",
)
USED = (
    *COHORT,
    *LINE,
    *MEASURE,
    *COSTS,
    *("run_id", "seed", "status", "value", "direction", "unit", "note"),
    *("error_type", "error_message", "traceback_path", "gpu_name", "device"),
)
"""The columns that boards are made of."""
CONFIDENCE = 0.95

Key = tuple[Any, ...]
"""Values of the columns of a cohort, a line or a measure, in the order in which these name them."""


@dataclass(frozen=True)
class Statistic:
    """Mean and spread over seeds.

    Attributes:
        mean: Mean over seeds.
        std: Standard deviation with n - 1 degrees of freedom; ``None`` for one seed.
        half_width: Half of the 95 % confidence interval by Student's t; ``None`` for one seed.
        n: Number of seeds.
        by_seed: Seed and value of each, by rising seed; of totals only. It does not tell two
            statistics apart.
    """

    mean: float
    std: float | None
    half_width: float | None
    n: int
    by_seed: tuple[tuple[int, float], ...] = field(default=(), repr=False, compare=False)


def half_width(std: float, n: int) -> float:
    """Half of the 95 % confidence interval of a mean of ``n`` > 1 values, by Student's t."""
    return quantile(n - 1, CONFIDENCE) * std / math.sqrt(n)


def failed_runs(table: pa.Table) -> pa.Table:
    """Return the rows that stand for failed runs as a whole: those without a metric."""
    return _where(table, ~is_there(table["metric"]) & has_text(table["status"], "failed"))


def runs_that_count(table: pa.Table) -> pa.Table:
    """Leave out all rows of failed runs, the scores they had before they failed as well."""
    failed = failed_runs(table)["run_id"].unique()
    if len(failed) == 0:
        return table
    # `is_in` wants plain strings on both sides
    ids = table["run_id"].cast(pa.string())
    return table.filter(pc.invert(pc.is_in(ids, value_set=failed.cast(pa.string()))))


def first_rows(table: pa.Table) -> pa.Table:
    """Keep the first row of every run, which has all that is told of the run as such."""
    return group(table, ("run_id",), [], kept=table.column_names)


def score_statistics(table: pa.Table, *, per_class: bool = False) -> list[dict[str, Any]]:
    """Aggregate finite ``ok`` values over seeds.

    Args:
        table: Rows of runs that count.
        per_class: Aggregate the per-class scores instead of the totals.

    Returns:
        One mapping per cohort x line x measure: its columns, ``direction``, ``unit`` and
        ``statistic``, in order of first appearance.
    """
    keys = (*COHORT, *LINE, *MEASURE, "direction", "unit")
    table = table.select([*keys, "seed", "status", "value"])
    finite = is_there(table["value"]) & np.isfinite(unboxed(table["value"]))
    measured = has_text(table["status"], "ok") & finite
    rows = _where(table, _in_scope(table, per_class) & measured)
    # by seed first: a run that lies in two files must not pass for two seeds
    runs = members(rows, (*keys, "seed"))
    by_seed = rows
    if len(runs[0]) < len(rows):
        by_seed = group(rows, (*keys, "seed"), [("value", "mean")], groups=runs)
        by_seed = by_seed.rename_columns({"value_mean": "value"})
    groups = members(by_seed, keys)
    what: list[tuple[str, Function]] = [("value", name) for name in ("mean", "stddev", "count")]
    found = records(group(by_seed, keys, what, groups=groups))
    # scores of classes are ten times as many, and nothing is drawn from their seeds
    seeds = [()] * len(found) if per_class else _by_seed(by_seed, groups)
    for row, own in zip(found, seeds, strict=True):
        mean, std, n = (row.pop(f"value_{name}") for name in ("mean", "stddev", "count"))
        row["statistic"] = _statistic(mean, std, n, own)
    return found


def _by_seed(table: pa.Table, groups: Groups) -> list[tuple[tuple[int, float], ...]]:
    """Seeds and values of each group, by rising seed."""
    first, member = groups
    seeds = unboxed(table["seed"])
    order = np.lexsort((seeds, member))
    pairs = list(zip(seeds[order].tolist(), unboxed(table["value"])[order].tolist(), strict=True))
    ends = np.cumsum(np.bincount(member, minlength=len(first))).tolist()
    return [tuple(pairs[i:j]) for i, j in zip([0, *ends], ends, strict=False)]


def missing_scores(table: pa.Table) -> list[dict[str, Any]]:
    """Return one mapping per cohort x line x metric x reason for totals that are not there."""
    missing = is_there(table["metric"]) & ~has_text(table["status"], "ok")
    keys = (*COHORT, *LINE, "metric", "class", "status", "error_message", "direction", "unit")
    return records(group(_where(table, _in_scope(table, per_class=False) & missing), keys, []))


def score_notes(table: pa.Table) -> list[dict[str, Any]]:
    """Return one mapping per cohort x metric x note, for what metrics say about their totals."""
    noted = is_there(table["metric"]) & is_there(table["note"]) & ~has_text(table["note"], "")
    total = noted & _in_scope(table, per_class=False) & has_text(table["status"], "ok")
    return records(group(_where(table, total), (*COHORT, "metric", "note"), []))


def line_statistics(table: pa.Table) -> list[dict[str, Any]]:
    """Return one mapping per cohort x line: ``seeds``, ``devices`` and the mean of each cost."""
    keys = (*COHORT, *LINE)
    # what is told of a run stands in all of its rows; one is enough
    table = first_rows(table)
    device = ("gpu_name", "device")
    runs = group(table, (*keys, "seed", *device), [(name, "mean") for name in COSTS])
    runs = runs.rename_columns({f"{name}_mean": name for name in COSTS})
    of_line = codes(runs, keys).tolist()
    seeds, devices = dict[int, set[int]](), dict[int, set[str]]()
    columns = (plain(runs[name]) for name in ("seed", *device))
    for line, seed, gpu_name, name in zip(of_line, *columns, strict=True):
        seeds.setdefault(line, set()).add(seed)
        devices.setdefault(line, set()).add(gpu_name or name or "unknown")
    found = records(group(runs, keys, [(name, "mean") for name in COSTS]))
    for row, line in zip(found, seeds, strict=True):
        row |= {name: row.pop(f"{name}_mean") for name in COSTS}
        row |= {"seeds": tuple(sorted(seeds[line])), "devices": tuple(sorted(devices[line]))}
    return found


def _in_scope(table: pa.Table, per_class: bool) -> np.ndarray:
    of_class = is_there(table["class"])
    return of_class if per_class else ~of_class


def _where(table: pa.Table, mask: np.ndarray) -> pa.Table:
    return table if mask.all() else table.take(boxed(np.flatnonzero(mask)))


def _statistic(
    mean: float, std: float | None, n: int, by_seed: tuple[tuple[int, float], ...]
) -> Statistic:
    if n < 2 or std is None:
        return Statistic(mean, None, None, n, by_seed)
    return Statistic(mean, std, half_width(std, n), n, by_seed)
