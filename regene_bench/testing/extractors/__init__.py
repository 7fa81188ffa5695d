"""Contracts of feature extractors: the card tells the truth, an image's features are its own."""

from __future__ import annotations

from regene_bench.testing.device.check import keeps_to_its_device
from regene_bench.testing.extractors.arithmetic import the_arithmetic_is_that_of_the_card
from regene_bench.testing.extractors.cards import (
    the_card_is_complete,
    the_weights_hash_is_the_files,
)
from regene_bench.testing.extractors.dependence import (
    equal_cards_mean_equal_features,
    features_do_not_depend_on_held_out_images,
)
from regene_bench.testing.extractors.features import (
    features_do_not_depend_on_the_batch,
    features_do_not_depend_on_the_surroundings,
    the_card_describes_the_features,
    the_same_images_have_the_same_features,
)
from regene_bench.testing.extractors.prepared import ExtractorSubject as Subject
from regene_bench.testing.registration import REGISTRATION_CHECKS

CHECKS = (
    *REGISTRATION_CHECKS,
    the_card_is_complete,
    the_weights_hash_is_the_files,
    the_card_describes_the_features,
    keeps_to_its_device,
    the_same_images_have_the_same_features,
    features_do_not_depend_on_the_batch,
    features_do_not_depend_on_the_surroundings,
    the_arithmetic_is_that_of_the_card,
    equal_cards_mean_equal_features,
    features_do_not_depend_on_held_out_images,
)

__all__ = ["CHECKS", "Subject"]
