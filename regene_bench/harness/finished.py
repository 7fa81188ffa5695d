"""What an earlier call left of a run: which metrics it still lacks, and how new scores join it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from regene_bench.base.errors import PluginError, UnavailableError
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.evaluation.metric import NamedMetric
from regene_bench.harness.measure import failed_scores
from regene_bench.leaderboard.parts import ScoreState
from regene_bench.leaderboard.record import RunRecord, ScoreRow


def unmeasured(
    states: Collection[ScoreState] | None, metrics: Sequence[NamedMetric], shelf: FeatureCache
) -> list[NamedMetric]:
    """Choose the metrics that a run still needs; none if it is finished.

    A run that failed, or in which a metric failed, needs them all again: what it failed by may be
    mended. Otherwise it needs those that nobody asked for before, and those that were unavailable
    and can be had now.

    Args:
        states: What became of the scores in the run's part; ``None`` if it has none.
        metrics: What is to be measured.
        shelf: Knows which extractors can be had.
    """
    if states is None or any(state.status == "failed" for state in states):
        return list(metrics)
    return [named for named in metrics if _is_unmeasured(states, named, shelf)]


def with_earlier_scores(
    record: RunRecord, earlier: RunRecord, asked: Sequence[NamedMetric] = ()
) -> RunRecord:
    """Keep what an earlier call measured of the same run and this one did not.

    A model that was only read from its checkpoints stays the one that the earlier call trained,
    with its device, precision, versions and costs. If training or generation failed now, what was
    measured before stays, and what was asked for now has failed.

    Args:
        record: What this call made of the run.
        earlier: What the run's part says.
        asked: What this call was to measure.
    """
    if earlier.status == "failed":
        return record
    if record.status == "failed":
        return _with_failures(record, earlier, asked)
    measured = {_identity(score) for score in record.scores}
    columns = {score.metric for score in record.scores}
    kept = tuple(
        score
        for score in earlier.scores
        if _identity(score) not in measured
        # a failed row knows its metric's extractor, not which of its columns use it
        and not (score.status == "failed" and score.metric in columns)
    )
    seconds = (record.measure_seconds or 0.0) + (earlier.measure_seconds or 0.0)
    of_training = earlier if record.restored else record
    return replace(
        of_training,
        timestamp=record.timestamp,
        scores=kept + record.scores,
        measure_seconds=seconds,
    )


def _with_failures(
    record: RunRecord, earlier: RunRecord, asked: Sequence[NamedMetric]
) -> RunRecord:
    text = f"the model could not be had again: {record.error_message}"
    failures = failed_scores(asked, record.error_type or "", text)
    had = {_identity(score) for score in earlier.scores if score.status == "ok"}
    failures = tuple(score for score in failures if _identity(score) not in had)
    new = {_identity(score) for score in failures}
    kept = tuple(score for score in earlier.scores if _identity(score) not in new)
    return replace(earlier, scores=kept + failures, traceback_path=record.traceback_path)


def _identity(score: ScoreRow) -> tuple[str, str | None, str | None]:
    return score.metric, score.extractor_id, score.reference_split


def _is_unmeasured(states: Collection[ScoreState], named: NamedMetric, shelf: FeatureCache) -> bool:
    metric = named.metric
    extractors = {None, *metric.extractors}
    splits = {None, metric.reference} if metric.reference else None
    found = [
        state
        for state in states
        if state.extractor_id in extractors and (splits is None or state.reference_split in splits)
    ]
    waiting = {state.metric for state in found if state.status == "unavailable"}
    columns = {column.name for column in metric.columns}
    if columns - {state.metric for state in found}:
        return True
    return bool(waiting & columns) and all(is_available(shelf, n) for n in named.lookups)


def is_available(shelf: FeatureCache, name: str) -> bool:
    """Tell whether an extractor can be had, preparing it if so; one that fails cannot."""
    try:
        shelf.extractor(name)
    except (UnavailableError, PluginError):
        return False
    return True
