"""Which extractor a name means: in a protocol, a metric, on a card, or as a user types it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from regene_bench.data.shapes import Preset
from regene_bench.evaluation.extractor import FeatureExtractor
from regene_bench.plan.protocol import Benchmark
from regene_bench.plugins.entries import OWN_DISTRIBUTION, Entry
from regene_bench.plugins.host import PluginHost

_KIND = "feature_extractor"


def extractor_id(host: PluginHost, entry: Entry) -> str:
    """The id that an extractor has on its card, and so in results.

    It is the name that it is registered under; with its distribution before it where the name is
    one of ours, whose scores those would be taken for.
    """
    ours = (e.name for e in host.entries(_KIND) if e.is_our_own)
    foreign_twin = not entry.is_our_own and entry.name.split(":")[0] in ours
    return entry.qualified_name if foreign_twin else entry.name


def find_extractor(host: PluginHost, name: str) -> type[FeatureExtractor]:
    """Load the class of an extractor by a name from results or from ``spellings``.

    Raises:
        UsageError: Unknown.
        PluginError: It cannot be imported, or several distributions but ours have one of the name.
    """
    found: type[FeatureExtractor] = host.find(_KIND, name, home=OWN_DISTRIBUTION).load()
    return found


def registered_id(host: PluginHost, name: str) -> str:
    """The id of an extractor by a name as of ``find_extractor``."""
    return extractor_id(host, host.find(_KIND, name, home=OWN_DISTRIBUTION))


def whose_extractor(host: PluginHost, name: str) -> str:
    """What an extractor is and whose, by a name as of ``find_extractor``: begins a sentence."""
    return host.find(_KIND, name, home=OWN_DISTRIBUTION).described


def spellings(host: PluginHost, names: Iterable[str], home: str) -> dict[str, str]:
    """How extractors are to be looked up that are not meant by their mere names.

    Args:
        host: Knows the extractors.
        names: As a metric has them.
        home: The metric's distribution.

    Raises:
        UsageError: One of them is unknown.
        PluginError: One may be those of several distributions.
    """
    found = {name: host.spelling(host.find(_KIND, name, home=home)) for name in names}
    return {name: spelling for name, spelling in found.items() if spelling != name}


def extractor_options(
    host: PluginHost, benchmark: Benchmark, preset: Preset
) -> dict[str, Mapping[str, Any]]:
    """The protocol's options of extractors, by every name under which one may be looked up.

    Raises:
        UsageError: A table names no extractor.
        PluginError: A table may be for those of several distributions.
    """
    options: dict[str, Mapping[str, Any]] = {}
    for name, table in benchmark.presets[preset].extractors.items():
        entry = host.find(_KIND, name, home=benchmark.distribution)
        options |= {name: table, entry.qualified_name: table, host.spelling(entry): table}
    return options
