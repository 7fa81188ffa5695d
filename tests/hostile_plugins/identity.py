"""Plugins that take a name, a column or an identity that is not theirs."""

from __future__ import annotations

from tests.hostile_plugins.plugin import HostilePlugin, Refused
from tests.hostile_plugins.sources import metric

HOSTILE = (
    HostilePlugin(
        "reports-fid",
        metric('columns = (Column("fid", "lower"),)'),
        Refused("'bad' of hostile-reports-fid reports the column 'fid'"),
        metrics="bad",
    ),
)
