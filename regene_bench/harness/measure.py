"""All metrics of one run, each in isolation: a metric that cannot be had is a row that says why."""

from __future__ import annotations

from collections.abc import Sequence

from regene_bench.base.errors import TooFewImagesError, UnavailableError
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.metric import Column, Metric, NamedMetric, Score, Skipped
from regene_bench.harness.shared_data import SharedData, wrote_into
from regene_bench.leaderboard.record import ScoreRow, ScoreStatus
from regene_bench.runtime.process_state import kept_process_state

_SHARED = "SharedStateError"


def measure_all(
    metrics: Sequence[NamedMetric], evaluation: Evaluation, shared: SharedData | None = None
) -> tuple[ScoreRow, ...]:
    """Measure every metric on one run's images.

    No metric can end the others: one that asks for what the model cannot do, or for more images,
    is a ``skipped`` row, one whose extractor is not to be had an ``unavailable`` one, one that
    raises a ``failed`` one. So is one that writes into what it shares with others, which is put
    right before the next.

    Args:
        metrics: What to measure.
        evaluation: The model, its images, and the real images to compare with.
        shared: The benchmark's data, where other runs or calls see them, too.

    Returns:
        The scores, in the order of the metrics; every column of each has a row at least.

    Raises:
        Interrupted: A stop was asked for.
    """
    rows: list[ScoreRow] = []
    for named in metrics:
        evaluation.runtime.stop.check()
        with kept_process_state():
            found: Sequence[ScoreRow] = _measure(named, evaluation)
        changed = (*evaluation.restore(), *(shared.restore() if shared else ()))
        if changed:
            found = failed_scores([named], _SHARED, f"measure {wrote_into(changed)}")
        rows += found
    return tuple(rows)


def failed_scores(metrics: Sequence[NamedMetric], kind: str, text: str) -> tuple[ScoreRow, ...]:
    """Rows of metrics that nobody got to measure.

    Args:
        metrics: What was to be measured.
        kind: The type of the error.
        text: What to say of each.
    """
    return tuple(
        _empty(named.metric, column, "failed", kind, f"{named.name}: {text}")
        for named in metrics
        for column in named.metric.columns
    )


def _measure(named: NamedMetric, evaluation: Evaluation) -> list[ScoreRow]:
    metric = named.metric
    missing = [word for word in metric.requires if not evaluation.can(word)]
    if missing:
        text = _what_is_missing(missing)
        return [_empty(metric, column, "skipped", "Capability", text) for column in metric.columns]
    columns = {column.name: column for column in metric.columns}
    try:
        rows = [_row(metric, columns, found) for found in metric.measure(evaluation)]
    except UnavailableError as error:
        return [
            _empty(metric, column, "unavailable", "UnavailableError", str(error))
            for column in metric.columns
        ]
    except TooFewImagesError as error:
        text = f"{named.name}: {error}"
        return [
            _empty(metric, column, "skipped", "TooFewImagesError", text)
            for column in metric.columns
        ]
    except (Exception, SystemExit) as error:
        return list(failed_scores([named], type(error).__name__, str(error)))
    given = {row.metric for row in rows}
    silent = [column for column in metric.columns if column.name not in given]
    text = f"{named.name} has no such score for these samples"
    return rows + [_empty(metric, column, "skipped", "NotApplicable", text) for column in silent]


def _what_is_missing(words: Sequence[str]) -> str:
    cannot = [word for word in words if word != "labels"]
    reasons = [f"the model cannot {' and '.join(cannot)}"] if cannot else []
    return " and ".join(reasons + (["the samples have no labels"] if "labels" in words else []))


def _empty(metric: Metric, column: Column, status: ScoreStatus, kind: str, text: str) -> ScoreRow:
    return ScoreRow(
        metric=column.name,
        status=status,
        error_type=kind,
        error_message=text,
        direction=column.direction,
        unit=column.unit,
        extractor_id=metric.extractors[0] if len(metric.extractors) == 1 else None,
        reference_split=metric.reference,
    )


def _row(metric: Metric, columns: dict[str, Column], score: Score | Skipped) -> ScoreRow:
    column = columns[score.column]
    if isinstance(score, Skipped):
        return _empty(metric, column, "skipped", "NotApplicable", score.reason)
    card = score.card
    return ScoreRow(
        metric=score.column,
        value=score.value,
        std=score.std,
        ci_low=score.interval[0] if score.interval else None,
        ci_high=score.interval[1] if score.interval else None,
        class_name=score.class_name,
        n_real=score.n_real,
        n_generated=score.n_generated,
        direction=column.direction,
        unit=column.unit,
        extractor_id=card.id if card else None,
        weights_sha256=card.weights_sha256 if card else None,
        preprocess_id=card.preprocess_id if card else None,
        reference_split=score.reference_split,
        note=score.note,
    )
