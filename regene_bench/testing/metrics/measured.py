"""A metric, and the images of known quality that it is given to measure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch

from regene_bench.base.environment import CACHE_VARIABLE
from regene_bench.base.events import Sink
from regene_bench.data.device_images import BenchmarkData, DeviceImages
from regene_bench.data.shapes import ImageShape
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.evaluation.metric import Metric, NamedMetric
from regene_bench.evaluation.moments import moments_of
from regene_bench.evaluation.reference_statistics import ReferenceStatistics
from regene_bench.harness.measure import measure_all
from regene_bench.harness.shared_data import SharedData
from regene_bench.leaderboard.record import ScoreRow
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.process_state import kept_process_state, seed_global_generators
from regene_bench.runtime.runtime import Runtime
from regene_bench.testing.check import Broken
from regene_bench.testing.metrics.oracle import OracleModel, PooledPixels, spoiled
from regene_bench.testing.stripes import class_means, striped_data, stripes

Quality = Literal["good", "bad"]
_SHAPE = ImageShape(1, 16, 16, 3)
_PER_CLASS = 30
_ERROR = {"good": 0.05, "bad": 0.5}
_TRIALS = {"good": 1, "bad": 9}


class MetricSubject:
    """What the checks of metrics are called with.

    The metric has its default options, and ``PooledPixels`` stands for every extractor that it
    asks for.

    Args:
        entry: The metric's registration.
        folder: An empty folder, for what metrics keep.
        host: The installed plugins.
        emit: Called with the progress of trainings.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self.metric_class: type[Metric] = entry.load()
        self._folder = folder
        self._emit = emit
        self._data = striped_data(_SHAPE)
        self._measured = 0

    @cached_property
    def good(self) -> tuple[ScoreRow, ...]:
        """The rows for fresh images from the distribution of the real ones, measured once."""
        return self.measure("good")

    def measure(self, quality: Quality, order: torch.Tensor | None = None) -> tuple[ScoreRow, ...]:
        """Measure a set of images.

        Args:
            quality: ``good`` images are fresh ones from the distribution of the real ones; of the
                ``bad``, every second one is noise.
            order: A permutation of the images, int64 ``[N]``; as they were drawn if not given.

        Returns:
            A row a score, as a leaderboard keeps them.

        Raises:
            Broken: The metric failed.
        """
        return self._rows(self._evaluation(quality, order))

    def measure_against_statistics(self) -> tuple[ScoreRow, ...]:
        """Measure the good images against mean and covariance of the real ones' features alone.

        Raises:
            Broken: The metric failed.
        """
        with _cache(self._folder):
            features = self._evaluation("good", None).reference_features("any").features
        moments = moments_of(features)
        statistics = ReferenceStatistics.checked(
            moments.mean.numpy(), moments.covariance.numpy(), "the real images' statistics"
        )
        return self._rows(self._evaluation("good", None, statistics))

    def _rows(self, evaluation: Evaluation) -> tuple[ScoreRow, ...]:
        with _cache(self._folder), kept_process_state():
            # what draws from them is found by measuring twice
            self._measured += 1
            seed_global_generators(self._measured)
            metric = NamedMetric(self.entry.name, self.metric_class())
            rows = measure_all([metric], evaluation, _watched(evaluation))
        for row in rows:
            if row.status in ("failed", "unavailable"):
                raise Broken(f"{row.metric} {row.status}: {row.error_type}: {row.error_message}")
        return rows

    @property
    def n_generated(self) -> int:
        """How many images are measured: 90."""
        return _PER_CLASS * _SHAPE.n_classes

    def _evaluation(
        self,
        quality: Quality,
        order: torch.Tensor | None,
        statistics: ReferenceStatistics | None = None,
    ) -> Evaluation:
        data = self._data
        images = stripes(_SHAPE, _PER_CLASS, seed=2)
        if quality == "bad":
            images = spoiled(images)
        if order is not None:
            images = images.subset(order)
        runtime = Runtime(
            device=torch.device("cpu"),
            precision="float32",
            seed=0,
            checkpoints=CheckpointStore(self._folder / "checkpoints"),
            emit=self._emit,
            task=self.entry.name,
        )
        means = class_means(data.train, _SHAPE.n_classes)
        counts = torch.full((len(images),), _TRIALS[quality], dtype=torch.int64)
        return Evaluation(
            model=OracleModel(images, means, _ERROR[quality]),
            data=data,
            comparison=Comparison(images.labels, data.train, data.test, "train"),
            generated=DeviceImages(images.images.clone(), images.labels.clone()),
            trials={"latent": counts, "image": counts},
            shelf=FeatureCache(lambda name: PooledPixels, {}, data, runtime),
            runtime=runtime,
            statistics=statistics,
        )


def _watched(evaluation: Evaluation) -> SharedData:
    """Watch over the real images, which are the same each time they are made."""
    labels = evaluation.comparison.labels.clone()

    def anew() -> tuple[BenchmarkData, Comparison]:
        data = striped_data(_SHAPE)
        return data, Comparison(labels, data.train, data.test, "train")

    return SharedData(evaluation.data, evaluation.comparison, anew)


@contextmanager
def _cache(folder: Path) -> Iterator[None]:
    """Keep what a metric caches out of the user's own cache."""
    before = os.environ.get(CACHE_VARIABLE)
    os.environ[CACHE_VARIABLE] = str(folder / "cache")
    try:
        yield
    finally:
        if before is None:
            del os.environ[CACHE_VARIABLE]
        else:
            os.environ[CACHE_VARIABLE] = before
