"""Plugins that hand over values of a wrong type, shape or range."""

from __future__ import annotations

from tests.hostile_plugins.plugin import FailedScore, HostilePlugin
from tests.hostile_plugins.sources import metric

HOSTILE = (
    HostilePlugin(
        "a-score-in-words",
        metric('def measure(self, evaluation):\n    yield Score("bad", "high")'),
        FailedScore("'high'"),
        metrics="bad",
    ),
)
