"""Plugins that write into what they share with others, or change the process for them."""

from __future__ import annotations

from tests.hostile_plugins.plugin import FailedRun, Harmless, HostilePlugin
from tests.hostile_plugins.sources import method

HOSTILE = (
    HostilePlugin(
        "writes-into-the-training-images",
        method(
            """
            def fit(self, data, runtime):
                data.train.images.zero_()
                return Model(data)
            """
        ),
        FailedRun("training images"),
        methods="bad",
    ),
    HostilePlugin(
        "changes-the-default-dtype",
        method(
            """
            def fit(self, data, runtime):
                torch.set_default_dtype(torch.float64)
                return Model(data)
            """
        ),
        Harmless(),
        methods="bad",
    ),
)
