"""Plugins that the conformance kit must find out."""

from __future__ import annotations

from tests.hostile_plugins.plugin import CheckFails, HostilePlugin
from tests.hostile_plugins.sources import method

HOSTILE = (
    HostilePlugin(
        "ignores-its-seed",
        method(
            more="""
            class Model(Model):
                def generate(self, labels, rng):
                    return Generation(torch.rand(len(labels), *rng.uniform(1, (1, 8, 8)).shape[1:]))
            """
        ),
        CheckFails("the-same-seed-gives-the-same-samples", "other samples for the same seed"),
    ),
)
