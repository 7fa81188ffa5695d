"""A run's scores as the Hub's evaluation results, which stand on the leaderboard of a data set."""

from __future__ import annotations

from typing import Final

from regene_bench.base.text import json_text, slug
from regene_bench.leaderboard.record import RunRecord, ScoreRow

EVAL_RESULTS: Final = ".eval_results/regene-bench.yaml"


def eval_results_of(record: RunRecord, leaderboard: str) -> str:
    """Write the totals of a run in the form of `.eval_results/*.yaml`.

    https://huggingface.co/docs/hub/eval-results describes it. A task is a score of a benchmark
    under a preset (``digits-quick-fd-efficientnet_lite0``); the data set's ``eval.yaml`` lists its
    tasks.

    Args:
        record: The run.
        leaderboard: The data set on the Hub (``user/name``) whose leaderboard the results are for.
    """
    entries = [
        {
            "dataset": {"id": leaderboard, "task_id": _task(record, score)},
            "value": score.value,
            "date": record.timestamp.isoformat(),
            "notes": f"{record.method}, seed {record.seed}, run {record.run_id}",
        }
        for score in record.scores
        if score.status == "ok" and score.class_name is None
    ]
    # JSON is YAML
    return json_text(entries) + "\n"


def _task(record: RunRecord, score: ScoreRow) -> str:
    # the training split is the usual reference, which needs no word
    split = score.reference_split if score.reference_split != "train" else None
    parts = (record.benchmark, record.preset, score.metric, score.extractor_id, split)
    return slug("-".join(part for part in parts if part))
