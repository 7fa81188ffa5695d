"""Runs for Weights & Biases, as its own settings say (``WANDB_MODE=offline``, ``wandb login``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from regene_bench.api import LoggedRun, RunLogger, ScoreRow
from regene_bench_plugins.loggers.totals import totals

_PROJECT = "regene-bench"


class WandbLogger(RunLogger):
    """A run of the project ``regene-bench`` a run, its files in ``<results>/wandb``."""

    library = "wandb"
    extra = "wandb"

    def __init__(self, run: LoggedRun) -> None:
        import wandb

        self._run = wandb.init(
            project=_PROJECT,
            group=run.benchmark,
            job_type=run.method,
            name=run.title,
            config={"method": run.method, "seed": run.seed, "preset": run.preset, **run.params},
            dir=str(run.results),
            reinit="create_new",
            tags=[run.run_id],
        )

    def progress(self, stage: str, done: float, values: Mapping[str, float]) -> None:
        """A chart a loss, over the stage's images."""
        own = {f"{stage}/{name}": value for name, value in values.items()}
        self._run.log(own | {f"{stage}/images": done})

    def samples(self, stage: str, done: float, pixels: np.ndarray) -> None:
        """A picture over the stage's images."""
        import wandb

        self._run.log({f"{stage}/samples": wandb.Image(pixels), f"{stage}/images": done})

    def finish(
        self, status: str, scores: Sequence[ScoreRow], pictures: Mapping[str, Path], why: str
    ) -> None:
        """Scores in the summary, pictures in the media."""
        import wandb

        for name, value in totals(scores).items():
            self._run.summary[f"scores/{name}"] = value
        self._run.log({name: wandb.Image(str(path)) for name, path in pictures.items()})
        self._run.summary["status"] = status
        if why:
            self._run.summary["why"] = why
        self._run.finish(exit_code=0 if status == "ok" else 1)
