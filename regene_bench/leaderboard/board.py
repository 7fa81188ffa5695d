"""What a board is: columns, lines, failed runs; plain values, ready to be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regene_bench.leaderboard.aggregate import COHORT, Key, Statistic


@dataclass(frozen=True)
class BoardColumn:
    """One measure of a board.

    Attributes:
        label: What tells it from the board's other columns.
        metric: Name of the metric.
        class_name: The class, on a per-class board.
        convention: Extractor, weights, preprocessing, split and numbers of images.
        direction: ``"higher"``, ``"lower"``, ``"reference"`` or ``"none"``.
        unit: Unit of its values.
    """

    label: str
    metric: str
    class_name: str | None
    convention: Mapping[str, Any]
    direction: str
    unit: str


@dataclass(frozen=True)
class Missing:
    """Why a line has no value in a column: ``unavailable``, ``skipped`` or ``failed``."""

    status: str
    message: str


@dataclass(frozen=True)
class Line:
    """One method with one set of parameters, over its seeds.

    Attributes:
        rank: 1 for the best; ``None`` for references and for lines without the ranked value.
        label: Method and the parameters that tell it from its siblings.
        method, method_version, distribution, params: As in the leaderboard.
        is_reference: True for a line that others are read against.
        seeds: The seeds that it stands on.
        devices: Where its runs were computed.
        cells: One a column; ``None`` where the metric does not speak of this line.
        costs: Mean over seeds of each of ``aggregate.COSTS``.
        ranks: The first and the last rank of the 95 % interval by bootstrap over seeds; ``None``
            of one seed.
    """

    rank: int | None
    label: str
    method: str
    method_version: str
    distribution: str
    params: str
    is_reference: bool
    seeds: tuple[int, ...]
    devices: tuple[str, ...]
    cells: tuple[Statistic | Missing | None, ...]
    costs: Mapping[str, float | None]
    ranks: tuple[int, int] | None = None


@dataclass(frozen=True)
class FailedRun:
    """A run that failed in training or generation, and so has no scores.

    Attributes:
        run_id, method, params, seed: As in the leaderboard.
        error: Type and message of the exception.
        traceback_path: Where its traceback lies, relative to the results folder.
        label: Method and the parameters that tell it from the board's lines.
    """

    run_id: str
    method: str
    params: str
    seed: int
    error: str
    traceback_path: str | None
    label: str = ""


@dataclass(frozen=True)
class Board:
    """All runs that compare: one benchmark, protocol version, data fingerprint and preset.

    Attributes:
        ranked_by: Index of the column that ranks, or ``None`` if nothing could be ranked.
        best: For every column with a direction the labels of the best ranked lines.
        notes: What a reader must know, such as why a metric has two columns.
        title_suffix: The metric of a per-class board.
    """

    benchmark: str
    protocol_version: int
    dataset: str
    dataset_fingerprint: str
    preset: str
    columns: tuple[BoardColumn, ...]
    lines: tuple[Line, ...]
    failed: tuple[FailedRun, ...]
    ranked_by: int | None
    best: tuple[frozenset[str], ...]
    notes: tuple[str, ...] = ()
    title_suffix: str = ""

    @property
    def cohort(self) -> Key:
        """What all of its runs share: the values of ``aggregate.COHORT``."""
        return tuple(getattr(self, name) for name in COHORT)
