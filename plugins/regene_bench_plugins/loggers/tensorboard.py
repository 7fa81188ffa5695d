"""Curves, scores and samples for TensorBoard, in ``<results>/tensorboard``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from regene_bench.api import LoggedRun, RunLogger, ScoreRow
from regene_bench_plugins.loggers.totals import totals


class TensorBoardLogger(RunLogger):
    """A folder of event files a run: ``<results>/tensorboard/<benchmark>/<method>-<run id>``."""

    library = "tensorboard"
    extra = "tensorboard"

    def __init__(self, run: LoggedRun) -> None:
        from torch.utils.tensorboard import SummaryWriter

        name = f"{run.method}-{run.run_id[:8]}"
        self._writer = SummaryWriter(str(run.results / "tensorboard" / run.benchmark / name))
        told = json.dumps(dict(run.params) | {"seed": run.seed, "preset": run.preset}, indent=2)
        self._writer.add_text("run", f"{run.title}\n\n```json\n{told}\n```")

    def progress(self, stage: str, done: float, values: Mapping[str, float]) -> None:
        """A curve a loss, over images."""
        for name, value in values.items():
            self._writer.add_scalar(f"{stage}/{name}", value, int(done))

    def samples(self, stage: str, done: float, pixels: np.ndarray) -> None:
        """An image over images."""
        self._writer.add_image(f"{stage}/samples", pixels, int(done), dataformats="HWC")

    def finish(
        self, status: str, scores: Sequence[ScoreRow], pictures: Mapping[str, Path], why: str
    ) -> None:
        """Scores as scalars, pictures as images."""
        for name, value in totals(scores).items():
            self._writer.add_scalar(f"scores/{name}", value)
        for name, path in pictures.items():
            with Image.open(path) as picture:
                pixels = np.asarray(picture.convert("RGB"))
            self._writer.add_image(name, pixels, dataformats="HWC")
        if why:
            self._writer.add_text("run", f"{status}: {why}")
        self._writer.close()
