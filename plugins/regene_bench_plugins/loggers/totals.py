"""The numbers of a run that a chart of runs has room for."""

from __future__ import annotations

from collections.abc import Sequence

from regene_bench.api import ScoreRow


def totals(scores: Sequence[ScoreRow]) -> dict[str, float]:
    """Values of a run's totals by name: ``is_neutral/neutral``, ``trials_latent``."""
    return {
        f"{score.metric}/{score.extractor_id}" if score.extractor_id else score.metric: score.value
        for score in scores
        if score.value is not None and score.class_name is None
    }
