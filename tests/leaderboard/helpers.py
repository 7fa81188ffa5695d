"""Records for the tests of the leaderboard."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from regene_bench.leaderboard.record import RunRecord, ScoreRow

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
