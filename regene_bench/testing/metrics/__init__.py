"""Contracts of metrics."""

from __future__ import annotations

from regene_bench.testing.device.check import keeps_to_its_device
from regene_bench.testing.metrics.measured import MetricSubject as Subject
from regene_bench.testing.metrics.scores import (
    better_images_score_no_worse,
    columns_are_declared,
    options_survive_json,
    scores_are_of_declared_columns,
    statistics_suffice_where_it_says_so,
    the_order_of_images_says_nothing,
    the_same_images_have_the_same_scores,
)
from regene_bench.testing.registration import is_described, registration_imports_nothing_heavy

CHECKS = (
    registration_imports_nothing_heavy,
    is_described,
    columns_are_declared,
    options_survive_json,
    scores_are_of_declared_columns,
    keeps_to_its_device,
    the_same_images_have_the_same_scores,
    the_order_of_images_says_nothing,
    better_images_score_no_worse,
    statistics_suffice_where_it_says_so,
)

__all__ = ["CHECKS", "Subject"]
