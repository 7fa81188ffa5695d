"""Trained models of all sorts, made once: tiny ones, in one results folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import make_options
from regene_bench.leaderboard.parts import read_parts
from regene_bench.plan.protocol import load_benchmark
from regene_bench.plugins.host import load_plugins
from tests.once import made_once

METHODS = ("real", "cgan", "ugan", "regene", "autoencoder")


@pytest.fixture(scope="session")
def results(light_protocol: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with a run of each of ``METHODS`` on a few digits."""

    def make(folder: Path) -> None:
        host = load_plugins()
        shape = load_benchmark(host, str(light_protocol)).data.shape
        smallest = {name: host.find("method", name).load().smoke(shape) for name in METHODS}
        options = make_options(
            methods=METHODS, settings=smallest, results=folder, metrics="neutral", device="cpu"
        )
        outcome = run_campaign(str(light_protocol), options)
        assert [record.error_message for record in outcome.ran] == [None] * len(METHODS)

    return made_once(tmp_path_factory, "trained models", make)


@pytest.fixture(scope="session")
def runs(results: Path) -> Mapping[str, str]:
    """Run ids by method."""
    table, _ = read_parts(results, columns=["method", "run_id"])
    return {row["method"]: row["run_id"] for row in table.to_pylist()}
