"""Contracts of methods."""

from __future__ import annotations

from regene_bench.testing.device.check import keeps_to_its_device
from regene_bench.testing.methods.capabilities import (
    capabilities_keep_their_shapes,
    images_of_any_size_are_generated,
    samples_are_images,
)
from regene_bench.testing.methods.configuration import (
    configurations_survive_json,
    presets_are_valid,
    unknown_parameters_are_refused,
)
from regene_bench.testing.methods.samples import (
    labels_are_obeyed,
    samples_do_not_depend_on_the_batch_size,
    the_same_seed_gives_the_same_samples,
)
from regene_bench.testing.methods.trained import MethodSubject as Subject
from regene_bench.testing.methods.training import (
    interrupted_training_goes_on,
    no_pickle_is_kept,
    the_data_are_left_alone,
    training_together_changes_nothing,
)
from regene_bench.testing.registration import is_described, registration_imports_nothing_heavy

CHECKS = (
    registration_imports_nothing_heavy,
    is_described,
    presets_are_valid,
    unknown_parameters_are_refused,
    configurations_survive_json,
    samples_are_images,
    samples_do_not_depend_on_the_batch_size,
    capabilities_keep_their_shapes,
    keeps_to_its_device,
    the_same_seed_gives_the_same_samples,
    the_data_are_left_alone,
    interrupted_training_goes_on,
    no_pickle_is_kept,
    training_together_changes_nothing,
    images_of_any_size_are_generated,
    labels_are_obeyed,
)

__all__ = ["CHECKS", "Subject"]
