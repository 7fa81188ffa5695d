"""Contracts of protocols."""

from __future__ import annotations

from regene_bench.testing.benchmarks.protocol import (
    everything_it_names_is_registered,
    its_data_are_what_it_says,
    its_methods_have_valid_presets,
    the_protocol_is_valid,
    the_protocol_survives_json,
)
from regene_bench.testing.benchmarks.subject import BenchmarkSubject as Subject
from regene_bench.testing.registration import is_described, registration_imports_nothing_heavy

CHECKS = (
    registration_imports_nothing_heavy,
    is_described,
    the_protocol_is_valid,
    the_protocol_survives_json,
    everything_it_names_is_registered,
    its_methods_have_valid_presets,
    its_data_are_what_it_says,
)

__all__ = ["CHECKS", "Subject"]
