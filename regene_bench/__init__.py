"""regene-bench: a benchmark of class-conditional image generators."""

__version__ = "0.1.0"
