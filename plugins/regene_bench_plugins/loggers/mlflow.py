"""Runs for MLflow, wherever its own settings say (``MLFLOW_TRACKING_URI``)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from regene_bench.api import LoggedRun, RunLogger, ScoreRow
from regene_bench_plugins.loggers.totals import totals

_STATUS = {"ok": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}
# what MLflow takes of a parameter's value
_LONGEST_VALUE = 6000


class MlflowLogger(RunLogger):
    """A run of MLflow's experiment ``regene-bench/<benchmark>`` a run."""

    library = "mlflow"
    extra = "mlflow"

    def __init__(self, run: LoggedRun) -> None:
        from mlflow.tracking import MlflowClient

        self._client = MlflowClient()
        name = f"regene-bench/{run.benchmark}"
        known = self._client.get_experiment_by_name(name)
        experiment = known.experiment_id if known else self._client.create_experiment(name)
        tags = {"regene_bench.run_id": run.run_id, "regene_bench.preset": run.preset}
        begun = self._client.create_run(experiment, run_name=run.title, tags=tags)
        self._run = begun.info.run_id
        params = {"method": run.method, "seed": run.seed} | dict(run.params)
        for key, value in params.items():
            text = value if isinstance(value, str) else json.dumps(value)
            self._client.log_param(self._run, key, text[:_LONGEST_VALUE])

    def progress(self, stage: str, done: float, values: Mapping[str, float]) -> None:
        """A metric a loss, over images."""
        for name, value in values.items():
            self._client.log_metric(self._run, f"{stage}/{name}", value, step=int(done))

    def samples(self, stage: str, done: float, pixels: np.ndarray) -> None:
        """A picture among the artifacts, by stage and images."""
        name = f"training/{stage}-{int(done):010}.png"
        self._client.log_image(self._run, pixels, artifact_file=name)

    def finish(
        self, status: str, scores: Sequence[ScoreRow], pictures: Mapping[str, Path], why: str
    ) -> None:
        """Scores as metrics, pictures as artifacts."""
        for name, value in totals(scores).items():
            self._client.log_metric(self._run, f"scores/{name}", value)
        for path in pictures.values():
            self._client.log_artifact(self._run, str(path))
        if why:
            self._client.set_tag(self._run, "regene_bench.why", why[:_LONGEST_VALUE])
        self._client.set_terminated(self._run, _STATUS[status])
