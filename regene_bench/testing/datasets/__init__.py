"""Contracts of data sources."""

from __future__ import annotations

from regene_bench.testing.datasets.splits import (
    both_splits_are_images,
    every_class_is_in_both_splits,
    loading_twice_gives_the_same,
    splits_share_no_image,
    the_files_exist,
)
from regene_bench.testing.datasets.subject import DatasetSubject as Subject
from regene_bench.testing.registration import is_described, registration_imports_nothing_heavy

CHECKS = (
    registration_imports_nothing_heavy,
    is_described,
    both_splits_are_images,
    every_class_is_in_both_splits,
    splits_share_no_image,
    loading_twice_gives_the_same,
    the_files_exist,
)

__all__ = ["CHECKS", "Subject"]
