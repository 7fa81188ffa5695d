"""Calls on a small protocol: innocent methods and metrics, with hostile ones before them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import Options
from tests.conftest import tiny_protocol_text
from tests.hostile_plugins.plugin import HostilePlugin
from tests.processes import parts

# in full, so that they are meant whatever else has their names
INNOCENT_METHODS = "regene-bench:real,regene-bench:cgan[images=64,width=4,discriminator_width=4]"
INNOCENT_METRICS = (
    "regene-bench:neutral",
    "regene-bench:fd[extractor=regene-bench:neutral]",
)
INNOCENT_COLUMNS = ("accuracy_neutral", "fd")
# what no two calls have in common
_PASSING = ("timestamp", "peak_memory_bytes")

Row = Mapping[str, Any]


def write_protocol(folder: Path) -> Path:
    """Write the protocol that the innocents are run on."""
    path = folder / "innocent.toml"
    text = tiny_protocol_text(*INNOCENT_METRICS, rank_by="accuracy_neutral")
    for old, new in {
        '"tiny"': '"innocent"',
        '"digits"': '"regene-bench:digits"',
        "extractors.neutral": 'extractors."regene-bench:neutral"',
    }.items():
        text = text.replace(old, new)
    path.write_text(text)
    return path


def call(protocol: Path, results: Path, one: HostilePlugin | None = None) -> list[Row]:
    """Run the innocents, after what a hostile plugin asks for; give all rows of the results."""
    methods, metrics = [INNOCENT_METHODS], list(INNOCENT_METRICS)
    if one is not None:
        methods.insert(0, one.methods)
        metrics.insert(0, one.metrics)
    options = Options(
        methods=",".join(filter(None, methods)),
        metrics=",".join(filter(None, metrics)),
        preset="quick",
        device="cpu",
        results=results,
        executor=one.executor if one else "serial",
        workers=2 if one and one.executor == "workers" else None,
    )
    benchmark = one.benchmark if one else ""
    run_campaign(benchmark or str(protocol), options)
    return [row for part in parts(results) for row in pq.read_table(part).to_pylist()]


def innocent(rows: list[Row]) -> list[Row]:
    """The scores of ``real`` and ``cgan`` by the innocents' metrics, without what passes.

    What is left is to be equal to the bit in every call.
    """
    kept = [
        {key: value for key, value in row.items() if key not in _PASSING and "second" not in key}
        for row in rows
        if row["distribution"] == "regene-bench" and _is_innocent(row)
    ]
    return sorted(kept, key=lambda row: [str(row[k]) for k in ("run_id", "metric", "class")])


def _is_innocent(row: Row) -> bool:
    return row["metric"] is None or str(row["metric"]).startswith(INNOCENT_COLUMNS)
