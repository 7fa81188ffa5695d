"""Plugins that raise, exit, or are no plugins."""

from __future__ import annotations

from tests.hostile_plugins.plugin import Broken, HostilePlugin, Prints

HOSTILE = (
    HostilePlugin("exits-on-import", "import sys\nsys.exit(0)\n", Broken("SystemExit")),
    HostilePlugin(
        "raises-on-import",
        "raise KeyError('licence')\n",
        Prints(("list", "plugins"), ("hostile-raises-on-import", "KeyError: 'licence'")),
    ),
)
