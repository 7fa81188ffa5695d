"""Contracts of metrics."""

from __future__ import annotations

from regene_bench.testing.device.check import keeps_to_its_device
from regene_bench.testing.metrics.declared import (
    columns_are_declared,
    columns_are_its_own,
    extractors_are_declared,
    options_are_an_extractor_and_a_split,
    options_survive_json,
)
from regene_bench.testing.metrics.measured import MetricSubject as Subject
from regene_bench.testing.metrics.responses import (
    images_of_any_shape_are_measured,
    scores_are_of_the_split_that_they_name,
    scores_change_with_the_images,
)
from regene_bench.testing.metrics.scores import (
    better_images_score_no_worse,
    scores_are_of_declared_columns,
    statistics_suffice_where_it_says_so,
    the_order_of_images_says_nothing,
    the_same_images_have_the_same_scores,
)
from regene_bench.testing.registration import REGISTRATION_CHECKS

CHECKS = (
    *REGISTRATION_CHECKS,
    columns_are_declared,
    columns_are_its_own,
    options_survive_json,
    options_are_an_extractor_and_a_split,
    scores_are_of_declared_columns,
    extractors_are_declared,
    keeps_to_its_device,
    the_same_images_have_the_same_scores,
    the_order_of_images_says_nothing,
    better_images_score_no_worse,
    scores_change_with_the_images,
    images_of_any_shape_are_measured,
    scores_are_of_the_split_that_they_name,
    statistics_suffice_where_it_says_so,
)

__all__ = ["CHECKS", "Subject"]
