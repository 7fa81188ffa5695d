"""Contracts of feature extractors, one idea a file."""

from __future__ import annotations

from regene_bench.testing.extractors.card import (
    the_card_describes_the_features,
    the_card_is_complete,
    the_weights_hash_is_the_files,
)
from regene_bench.testing.extractors.independence import (
    features_do_not_depend_on_the_batch,
    features_do_not_depend_on_the_surroundings,
    the_same_images_have_the_same_features,
)
from regene_bench.testing.extractors.subject import ExtractorSubject as Subject
from regene_bench.testing.registration import is_described, registration_imports_nothing_heavy

CHECKS = (
    registration_imports_nothing_heavy,
    is_described,
    the_card_is_complete,
    the_weights_hash_is_the_files,
    the_card_describes_the_features,
    the_same_images_have_the_same_features,
    features_do_not_depend_on_the_batch,
    features_do_not_depend_on_the_surroundings,
)

__all__ = ["CHECKS", "Subject"]
