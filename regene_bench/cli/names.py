"""Shell completion of names, from what is registered; nothing heavy is imported."""

from __future__ import annotations

from regene_bench.plugins.host import load_plugins


def complete_benchmarks(incomplete: str) -> list[str]:
    """Complete the name of a benchmark."""
    return _complete("benchmark", incomplete)


def complete_methods(incomplete: str) -> list[str]:
    """Complete the last name of a list of methods: ``regene,cg`` becomes ``regene,cgan``."""
    return _complete_last("method", incomplete)


def complete_metrics(incomplete: str) -> list[str]:
    """Complete the last name of a list of metrics."""
    return _complete_last("metric", incomplete)


def complete_studies(incomplete: str) -> list[str]:
    """Complete the name of a study."""
    return _complete("study", incomplete)


def complete_any(incomplete: str) -> list[str]:
    """Complete a name of any kind that ``info`` describes."""
    host = load_plugins()
    kinds = ("benchmark", "method", "metric", "feature_extractor", "dataset")
    return sorted({n for kind in kinds for n in host.shown_names(kind) if n.startswith(incomplete)})


def _complete_last(kind: str, incomplete: str) -> list[str]:
    done, comma, last = incomplete.rpartition(",")
    if "[" in last or done.count("[") > done.count("]"):
        return []
    return [f"{done}{comma}{name}" for name in _complete(kind, last)]


def _complete(kind: str, incomplete: str) -> list[str]:
    return [name for name in load_plugins().shown_names(kind) if name.startswith(incomplete)]
