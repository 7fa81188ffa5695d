"""From rows to statistics over seeds, all at once and with nothing averaged that does not compare.

A board is a cohort of runs; a line on it is one method with one set of parameters; a measure is one
metric under one convention. All three are tuples of the columns named here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regene_bench.leaderboard.grouping import group, records

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
    """

    mean: float
    std: float | None
    half_width: float | None
    n: int


def half_width(std: float, n: int) -> float:
    """Half of the 95 % confidence interval of a mean of ``n`` > 1 values, by Student's t."""
    return _quantile(n - 1) * std / math.sqrt(n)


@cache
def _quantile(freedom: int) -> float:
    # boards of one seed need no intervals, and to import this takes longer than to rank them
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))


def failed_runs(table: pa.Table) -> pa.Table:
    """Return the rows that stand for failed runs as a whole: those without a metric."""
    return table.filter(pc.and_(pc.is_null(table["metric"]), pc.equal(table["status"], "failed")))


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
    numbers = pa.array(np.arange(table.num_rows))
    ids = pa.table({"run_id": table["run_id"], "row": numbers})
    return table.take(group(ids, ("run_id",), [("row", "min")])["row_min"])


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
    in_scope = pc.is_valid(table["class"]) if per_class else pc.is_null(table["class"])
    measured = pc.and_(pc.equal(table["status"], "ok"), pc.is_finite(table["value"]))
    rows = table.filter(pc.and_(in_scope, pc.fill_null(measured, False)))
    # by seed first: a run that lies in two files must not pass for two seeds
    by_seed = group(rows, (*keys, "seed"), [("value", "mean")])
    by_seed = by_seed.rename_columns({"value_mean": "value"})
    options = pc.VarianceOptions(ddof=1)
    grouped = group(
        by_seed, keys, [("value", "mean"), ("value", "stddev", options), ("value", "count")]
    )
    return [
        {key: row[key] for key in keys}
        | {"statistic": _statistic(row["value_mean"], row["value_stddev"], row["value_count"])}
        for row in records(grouped)
    ]


def missing_scores(table: pa.Table, *, per_class: bool = False) -> list[dict[str, Any]]:
    """Return one mapping per cohort x line x metric x reason for scores that are not there."""
    in_scope = pc.is_valid(table["class"]) if per_class else pc.is_null(table["class"])
    missing = pc.and_(pc.is_valid(table["metric"]), pc.not_equal(table["status"], "ok"))
    keys = (*COHORT, *LINE, "metric", "class", "status", "error_message", "direction", "unit")
    rows = table.filter(pc.and_(in_scope, missing))
    return records(group(rows, keys, []))


def score_notes(table: pa.Table) -> list[dict[str, Any]]:
    """Return one mapping per cohort x metric x note, for what metrics say about their totals."""
    noted = pc.and_(pc.is_valid(table["metric"]), pc.not_equal(table["note"], ""))
    total = pc.and_(noted, pc.is_null(table["class"]))
    rows = table.filter(pc.and_(total, pc.equal(table["status"], "ok")))
    return records(group(rows, (*COHORT, "metric", "note"), []))


def line_statistics(table: pa.Table) -> list[dict[str, Any]]:
    """Return one mapping per cohort x line: ``seeds``, ``devices`` and the mean of each cost."""
    keys = (*COHORT, *LINE)
    # what is told of a run stands in all of its rows; one is enough
    table = first_rows(table)
    names = [table[name].cast(pa.string()) for name in ("gpu_name", "device")]
    named = table.append_column("device_name", pc.coalesce(*names, "unknown"))
    runs = group(named, (*keys, "seed", "device_name"), [(name, "mean") for name in COSTS])
    runs = runs.rename_columns({f"{name}_mean": name for name in COSTS})
    what = [*((name, "mean") for name in COSTS), ("seed", "list"), ("device_name", "list")]
    return [
        {key: row[key] for key in keys}
        | {name: row[f"{name}_mean"] for name in COSTS}
        | {"seeds": tuple(sorted(set(row["seed_list"])))}
        | {"devices": tuple(sorted(set(row["device_name_list"])))}
        for row in records(group(runs, keys, what))
    ]


def _statistic(mean: float, std: float | None, n: int) -> Statistic:
    if n < 2 or std is None:
        return Statistic(mean, None, None, n)
    return Statistic(mean, std, half_width(std, n), n)
