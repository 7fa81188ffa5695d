"""Records for the tests of the leaderboard."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from regene_bench.leaderboard.reading import BadPart, read_file
from regene_bench.leaderboard.record import RunRecord, ScoreRow
from regene_bench.leaderboard.schema import ADDED, SCHEMA_VERSION, VERSION_KEY

EXTRACTOR = {"extractor_id": "net", "weights_sha256": "a1b2c3d4e5", "preprocess_id": "resize-32"}


def score(metric: str = "fid", value: float = 1.0, **changes: Any) -> ScoreRow:
    values: dict[str, Any] = {
        "metric": metric,
        "value": value,
        "direction": "lower",
        "n_real": 1000,
        "n_generated": 1000,
        "reference_split": "train",
    }
    return ScoreRow(**(values | changes))


def record(run_id: str = "0123456789abcdef", **changes: Any) -> RunRecord:
    values: dict[str, Any] = {
        "run_id": run_id,
        "benchmark": "digits",
        "protocol_version": 1,
        "preset": "quick",
        "dataset": "digits",
        "dataset_fingerprint": "f00d",
        "method": "cgan",
        "method_version": "1",
        "distribution": "regene-bench",
        "distribution_version": "0.1.0",
        "params": {"noise_dim": 8, "lr": 1e-3},
        "seed": 0,
        "status": "ok",
        "device": "cpu",
        "timestamp": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "fit_seconds": 2.0,
        "generate_seconds": 0.5,
        "packages": {"numpy": "2.0"},
        "scores": (score(),),
    }
    return RunRecord(**(values | changes))


def as_of_version(path: Path, version: int) -> None:
    """Write a part anew as the version of a schema wrote it: texts as dictionaries, zstd, no seal.

    Values of columns that came later are lost.
    """
    table = read_file(path)
    assert not isinstance(table, BadPart)
    later = [name for v in range(version + 1, SCHEMA_VERSION + 1) for name in ADDED[v]]
    versions = pa.array([version] * len(table), pa.int32())
    table = table.set_column(0, "schema_version", versions).drop_columns(later)
    table = table.replace_schema_metadata({VERSION_KEY: str(version).encode()})
    pq.write_table(table, path, compression="zstd", write_statistics=False)
