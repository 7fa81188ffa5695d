"""Plugins that register no names: those that observe, and those that add commands.

What is checked of them is the plugin itself, by the name of its entry point.
"""

from __future__ import annotations

from regene_bench.hookspecs import COMMAND_HOOK, OBSERVER_HOOKS
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import Plugin, PluginHost

HOOKS = {"observer": OBSERVER_HOOKS, "command": (COMMAND_HOOK,)}
"""The hooks by which a plugin is of such a kind."""


def entries_of(host: PluginHost, kind: str) -> list[Entry]:
    """Give an entry for each thing of a kind, as the hooks or ``HOOKS`` name it."""
    if kind not in HOOKS:
        return host.entries(kind)
    return [
        Entry(kind, plugin.name, plugin.distribution, plugin.version, "", "")
        for plugin in host.plugins
        if plugin.implements(*HOOKS[kind])
    ]


def plugin_of(host: PluginHost, entry: Entry) -> Plugin:
    """Give the plugin that an entry of ``entries_of`` stands for."""
    (found,) = (
        plugin
        for plugin in host.plugins
        if (plugin.name, plugin.distribution) == (entry.name, entry.distribution)
    )
    return found
