"""Contracts of methods."""

from __future__ import annotations

from regene_bench.testing.device.check import keeps_to_its_device
from regene_bench.testing.methods.capabilities import (
    capabilities_keep_their_shapes,
    classes_may_be_left_out,
    every_class_is_generated,
    images_of_any_size_are_generated,
    samples_are_images,
)
from regene_bench.testing.methods.configuration import (
    configurations_survive_json,
    presets_are_valid,
    unknown_parameters_are_refused,
)
from regene_bench.testing.methods.dependence import (
    a_second_process_gives_the_same_samples,
    another_seed_gives_other_samples,
    held_out_images_are_not_trained_on,
    sampling_params_change_no_training,
)
from regene_bench.testing.methods.samples import (
    labels_are_obeyed,
    samples_do_not_depend_on_the_batch_size,
    the_same_seed_gives_the_same_samples,
)
from regene_bench.testing.methods.together import training_together_changes_nothing
from regene_bench.testing.methods.trained import MethodSubject as Subject
from regene_bench.testing.methods.training import (
    a_stop_is_obeyed,
    interrupted_training_goes_on,
    no_pickle_is_kept,
    stages_have_names_of_their_own,
    the_data_are_left_alone,
)
from regene_bench.testing.registration import REGISTRATION_CHECKS

CHECKS = (
    *REGISTRATION_CHECKS,
    presets_are_valid,
    unknown_parameters_are_refused,
    configurations_survive_json,
    samples_are_images,
    samples_do_not_depend_on_the_batch_size,
    capabilities_keep_their_shapes,
    stages_have_names_of_their_own,
    keeps_to_its_device,
    the_same_seed_gives_the_same_samples,
    another_seed_gives_other_samples,
    held_out_images_are_not_trained_on,
    a_second_process_gives_the_same_samples,
    the_data_are_left_alone,
    a_stop_is_obeyed,
    interrupted_training_goes_on,
    no_pickle_is_kept,
    sampling_params_change_no_training,
    training_together_changes_nothing,
    every_class_is_generated,
    classes_may_be_left_out,
    images_of_any_size_are_generated,
    labels_are_obeyed,
)

__all__ = ["CHECKS", "Subject"]
