"""``regene-bench new``: write a distribution with one plugin that works, to start from."""

from __future__ import annotations

from regene_bench.scaffold.names import PluginName
from regene_bench.scaffold.writing import KINDS, write_plugin

__all__ = ["KINDS", "PluginName", "write_plugin"]
