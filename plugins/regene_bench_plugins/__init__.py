"""First-party plugins of regene-bench, registered through the same entry points as anybody's."""

from regene_bench_plugins.registration import (
    register_benchmarks,
    register_datasets,
    register_feature_extractors,
    register_figures,
    register_loggers,
    register_methods,
    register_metrics,
    register_reported,
    register_studies,
)

__all__ = [
    "register_benchmarks",
    "register_datasets",
    "register_feature_extractors",
    "register_figures",
    "register_loggers",
    "register_methods",
    "register_metrics",
    "register_reported",
    "register_studies",
]
