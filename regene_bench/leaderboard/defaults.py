"""What each benchmark's own protocol ranks by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from regene_bench.base.errors import RegeneBenchError

if TYPE_CHECKING:
    from regene_bench.plan.protocol import Benchmark
    from regene_bench.plugins.host import PluginHost


def installed_protocols(host: PluginHost, names: Iterable[str]) -> dict[str, Benchmark]:
    """Load the protocols of those benchmarks that are installed.

    Results outlive the plugin that registered their benchmark; such names are left out.
    """
    from regene_bench.plan.protocol import load_benchmark

    known = {}
    for name in names:
        try:
            known[name] = load_benchmark(host, name)
        except RegeneBenchError:
            continue
    return known


def rank_metrics(protocols: dict[str, Benchmark]) -> dict[str, str]:
    """The metric that ranks, for each benchmark; a board without one ranks by a default."""
    return {name: protocol.evaluation.rank_by for name, protocol in protocols.items()}
