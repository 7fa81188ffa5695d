"""What a metric reports."""

from __future__ import annotations

import math

from regene_bench.testing.contract import require
from regene_bench.testing.metrics.subject import MetricSubject

# a share of 1 has an interval that ends at 1 but for the last bits
_ROUNDING = 1e-9


def scores_are_of_declared_columns(subject: MetricSubject) -> None:
    """Measuring images of a model that can do everything gives at least one score; every score is
    of a declared column, finite, with a spread that is not negative, an interval around the value,
    and the number of images it stands on; no column has two totals.

    Mend: yield ``Score(column, value, n_real=…, n_generated=…)``; yield nothing where there is no
    number, since the row then says ``skipped``.
    """
    rows = [row for row in subject.good if row.status == "ok"]
    require(bool(rows), "it gave no score at all")
    seen = set()
    for row in rows:
        name = f"{row.metric} of {row.class_name}" if row.class_name else row.metric
        require((row.metric, row.class_name) not in seen, f"{name} is there twice")
        seen.add((row.metric, row.class_name))
        value = row.value
        if value is None or not math.isfinite(value):
            require(False, f"{name} is {value}")
            continue
        require(row.std is None or row.std >= 0, f"{name} has a spread of {row.std}")
        if row.ci_low is not None and row.ci_high is not None:
            found = f"{name} = {value} is outside its interval [{row.ci_low}, {row.ci_high}]"
            rounding = _ROUNDING * max(1.0, abs(value))
            require(row.ci_low - rounding <= value <= row.ci_high + rounding, found)
        counted = row.n_generated is not None or row.n_real is not None
        require(counted, f"{name} does not say how many images it stands on")
