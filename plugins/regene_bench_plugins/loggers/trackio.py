"""Runs for trackio, in its own folder (``TRACKIO_DIR``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from regene_bench.api import LoggedRun, RunLogger, ScoreRow
from regene_bench_plugins.loggers.totals import totals

_PROJECT = "regene-bench"


class TrackioLogger(RunLogger):
    """A run of the project ``regene-bench`` a run."""

    library = "trackio"
    extra = "trackio"

    def __init__(self, run: LoggedRun) -> None:
        import trackio

        config = {"method": run.method, "seed": run.seed, "preset": run.preset, **run.params}
        name = f"{run.title} ({run.run_id[:8]})"
        self._run = trackio.init(
            project=_PROJECT, name=name, group=run.benchmark, config=config, embed=False
        )

    def progress(self, stage: str, done: float, values: Mapping[str, float]) -> None:
        """A chart a loss, over the stage's images."""
        own = {f"{stage}/{name}": value for name, value in values.items()}
        self._run.log(own | {f"{stage}/images": done})

    def samples(self, stage: str, done: float, pixels: np.ndarray) -> None:
        """A picture over the stage's images."""
        import trackio

        self._run.log({f"{stage}/samples": trackio.Image(pixels), f"{stage}/images": done})

    def finish(
        self, status: str, scores: Sequence[ScoreRow], pictures: Mapping[str, Path], why: str
    ) -> None:
        """Scores and pictures in the last step."""
        import trackio

        last: dict[str, object] = {f"scores/{name}": v for name, v in totals(scores).items()}
        last |= {name: trackio.Image(str(path)) for name, path in pictures.items()}
        self._run.log(last)
        self._run.finish()
