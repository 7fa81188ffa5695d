"""What this distribution registers, asked of the registry: nothing new can be forgotten."""

from __future__ import annotations

from functools import cache

from regene_bench.api import Method
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import load_plugins

DISTRIBUTION = "regene-bench"


@cache
def entries(kind: str) -> tuple[Entry, ...]:
    """The first-party entries of one of ``plugins.entries.KINDS``, sorted by name."""
    found = load_plugins().entries(kind)
    return tuple(entry for entry in found if entry.distribution == DISTRIBUTION)


@cache
def methods() -> dict[str, type[Method]]:
    """The first-party methods by their names."""
    return {entry.name: entry.load() for entry in entries("method")}
