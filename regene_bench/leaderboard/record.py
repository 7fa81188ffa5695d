"""One run as it stands in the leaderboard: plain values, no Arrow."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Literal, cast

from regene_bench.base.hashing import canonical_json

RunStatus = Literal["ok", "failed"]
ScoreStatus = Literal["ok", "failed", "unavailable", "skipped"]
MethodRole = Literal["method", "reference"]
EXTERNAL = "external"
"""The distribution of samples that another program made."""


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """One score of a run, or the reason why there is none.

    Attributes:
        metric: Column name of the number.
        class_name: Class of a per-class score, ``None`` for the total (column ``class``).

    The other attributes are columns of ``schema.COLUMNS``.

    Raises:
        ValueError: The status is ``"ok"`` and the value is missing or not finite.
    """

    metric: str
    status: ScoreStatus = "ok"
    value: float | None = None
    std: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    class_name: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    n_real: int | None = None
    n_generated: int | None = None
    direction: str = "none"
    unit: str = ""
    extractor_id: str | None = None
    weights_sha256: str | None = None
    preprocess_id: str | None = None
    reference_split: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.status == "ok" and (self.value is None or not math.isfinite(self.value)):
            raise ValueError(f"the score {self.metric!r} is {self.value}; an ok score is finite")


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One finished or failed run with its scores.

    Attributes:
        status: ``"failed"`` if training or generation failed; a metric that failed is only a
            score row with that status.
        params: The method's whole configuration, JSON values.
        packages: Package name to version; ``training`` to ``fast``, ``captured`` or both.
        timestamp: When the run ended, with a time zone.
        scores: All score rows.
        restored: Whether all training came from checkpoints. No column.

    The other attributes are columns of ``schema.COLUMNS``; sizes in bytes, times in seconds.
    """

    run_id: str
    benchmark: str
    protocol_version: int
    preset: str
    dataset: str
    dataset_fingerprint: str
    method: str
    method_version: str
    method_role: MethodRole = "method"
    distribution: str
    distribution_version: str
    params: Mapping[str, Any]
    seed: int
    status: RunStatus
    error_type: str | None = None
    error_message: str | None = None
    traceback_path: str | None = None
    device: str | None = None
    gpu_name: str | None = None
    precision: str | None = None
    trained_together: int | None = None
    torch_version: str | None = None
    python_version: str | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))
    fit_seconds: float | None = None
    generate_seconds: float | None = None
    measure_seconds: float | None = None
    fit_images_per_second: float | None = None
    generate_images_per_second: float | None = None
    peak_memory_bytes: int | None = None
    scores: tuple[ScoreRow, ...] = ()
    restored: bool = field(default=False, compare=False)

    @property
    def why(self) -> str:
        """Type and words of the error of a run that failed (``KeyError: 'means'``), else empty."""
        return ": ".join(filter(None, (self.error_type, self.error_message)))

    def __post_init__(self) -> None:
        if self.timestamp.tzinfo is None:
            raise ValueError("the timestamp of a run needs a time zone")

    def rows(self) -> list[dict[str, Any]]:
        """Return the leaderboard rows of this run, without ``schema_version``.

        A run that failed, or that has no scores, has one row more with metric ``None``; that row
        carries the run's status.
        """
        run = {name: getattr(self, name) for name in _RUN_FIELDS}
        run["params"] = canonical_json(self.params)
        run["packages"] = canonical_json(self.packages)
        rows = [run | _score_columns(score) for score in self.scores]
        if self.status == "failed" or not rows:
            whole = dict.fromkeys(_SCORE_COLUMNS) | {
                "status": self.status,
                "error_type": self.error_type,
                "error_message": self.error_message,
            }
            rows.insert(0, run | whole)
        return rows

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> RunRecord:
        """Build the record back from all rows of one run.

        Raises:
            ValueError: There is no row, or a value of ``params`` is not JSON.
        """
        if not rows:
            raise ValueError("a run has at least one row")
        first = rows[0]
        values = {name: first[name] for name in _RUN_FIELDS}
        values["params"] = json.loads(first["params"])
        values["packages"] = json.loads(first["packages"] or "{}")
        whole = next((row for row in rows if row["metric"] is None), None)
        if whole is not None:
            values |= {key: whole[key] for key in ("error_type", "error_message")}
        return cls(
            status=cast("RunStatus", whole["status"] if whole is not None else "ok"),
            scores=tuple(_score_of(row) for row in rows if row["metric"] is not None),
            **values,
        )


_NOT_RUN_COLUMNS = {"status", "error_type", "error_message", "scores", "restored"}
_RUN_FIELDS = tuple(f.name for f in fields(RunRecord) if f.name not in _NOT_RUN_COLUMNS)
_SCORE_FIELDS = tuple(f.name for f in fields(ScoreRow))
_score_values = attrgetter(*_SCORE_FIELDS)
_SCORE_COLUMNS = tuple("class" if name == "class_name" else name for name in _SCORE_FIELDS)


def _score_columns(score: ScoreRow) -> dict[str, Any]:
    return dict(zip(_SCORE_COLUMNS, _score_values(score), strict=True))


def _score_of(row: Mapping[str, Any]) -> ScoreRow:
    values = {f: row[c] for f, c in zip(_SCORE_FIELDS, _SCORE_COLUMNS, strict=True)}
    for name, fallback in (("direction", "none"), ("unit", ""), ("note", "")):
        values[name] = values[name] if values[name] is not None else fallback
    return ScoreRow(**values)
