"""A metric, and the images of known quality that it is given to measure."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import ValidationError

from regene_bench.base.events import Sink
from regene_bench.data.device_images import BenchmarkData, DeviceImages
from regene_bench.data.shapes import ImageShape, Split
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.extractor import FeatureExtractor
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
from regene_bench.testing.cache import other_cache
from regene_bench.testing.check import Broken, NotApplicable
from regene_bench.testing.metrics.oracle import OracleModel, PooledPixels, faint, spoiled
from regene_bench.testing.stripes import class_means, moved, moved_images, striped_data, stripes

Quality = Literal["good", "bad", "useless"]
_SHAPE = ImageShape(1, 16, 16, 3)
# no multiple of the other's number of pixels
_OTHER_SHAPE = ImageShape(3, 16, 13, 4)
_PER_CLASS = 30
_ERROR = {"good": 0.05, "bad": 0.5, "useless": 0.5}
_TRIALS = {"good": 1, "bad": 9, "useless": 9}


@dataclass(frozen=True)
class Situation:
    """What a metric is given to measure.

    Attributes:
        quality: ``good`` images are fresh ones from the distribution of the real ones; of the
            ``bad``, every second one is noise; the ``useless`` are nearly black, of a model that
            misses every second image.
        shape: Of all images.
        order: A permutation of the images, int64 ``[N]``; as they were drawn if not given.
        faint: A split whose real images are nearly black.
        from_moments: Whether it gets mean and covariance in place of the real images.
    """

    quality: Quality = "good"
    shape: ImageShape = _SHAPE
    order: torch.Tensor | None = None
    faint: Split | None = None
    from_moments: bool = False


GOOD = Situation()
BAD = Situation("bad")
ELSEWHERE = Situation("useless", _OTHER_SHAPE)
"""Another shape, other numbers of classes and images, and nothing right with any."""
_CPU = torch.device("cpu")


class MetricSubject:
    """What the checks of metrics are called with.

    The metric has its default options, and ``PooledPixels`` stands for every extractor that it
    asks for.

    Args:
        entry: The metric's registration.
        folder: An empty folder, for what metrics keep.
        host: The installed plugins.
        emit: Called with the progress of trainings.
        device: Where it measures.
    """

    def __init__(
        self,
        entry: Entry,
        folder: Path,
        host: PluginHost,
        emit: Sink,
        device: torch.device = _CPU,
    ) -> None:
        self.entry = entry
        self.host = host
        self.metric_class: type[Metric] = entry.load()
        self.asked_for: set[str] = set()
        self._folder = folder
        self._emit = emit
        self._device = device
        self._measured = 0

    @cached_property
    def first(self) -> tuple[ScoreRow, ...] | Broken:
        """The rows of the good images, measured once, or why there are none."""
        try:
            return self.measure(GOOD)
        except Broken as broken:
            return broken
        except ValidationError as error:
            return Broken(f"it cannot be made without options: {error}")

    @property
    def good(self) -> tuple[ScoreRow, ...]:
        """The rows of the good images.

        Raises:
            NotApplicable: They could not be measured.
        """
        if isinstance(self.first, Broken):
            raise NotApplicable("it cannot be measured: see scores-are-of-declared-columns")
        return self.first

    @cached_property
    def bad(self) -> tuple[ScoreRow, ...]:
        """The rows of the bad images, measured once.

        Raises:
            Broken: The metric failed.
        """
        return self.measure(BAD)

    @cached_property
    def elsewhere(self) -> tuple[ScoreRow, ...]:
        """The rows of useless images of another shape, measured once.

        Raises:
            Broken: The metric failed.
            NotApplicable: It cannot be measured at all.
        """
        _ = self.good
        return self.measure(ELSEWHERE)

    def measure(self, situation: Situation, **options: Any) -> tuple[ScoreRow, ...]:
        """Measure a set of images.

        Args:
            situation: What is measured.
            options: Options of the metric.

        Returns:
            A row a score, as a leaderboard keeps them.

        Raises:
            Broken: The metric failed.
        """
        with self.own_cache(), kept_process_state():
            # what draws from them is found by measuring twice
            self._measured += 1
            seed_global_generators(self._measured)
            config = self.metric_class.Config(**options)
            metric = NamedMetric(self.entry.name, self.metric_class(config))
            evaluation = self.evaluation(situation)
            rows = measure_all([metric], evaluation, _watched(evaluation, situation))
        for row in rows:
            if row.status in ("failed", "unavailable"):
                raise Broken(f"{row.metric} {row.status}: {row.error_type}: {row.error_message}")
        return rows

    @property
    def n_generated(self) -> int:
        """How many good or bad images are measured: 90."""
        return _PER_CLASS * _SHAPE.n_classes

    def own_cache(self) -> AbstractContextManager[None]:
        """Keep what a metric caches out of the user's own cache."""
        return other_cache(self._folder / "cache")

    def evaluation(self, situation: Situation) -> Evaluation:
        """Make what a metric measures in a situation."""
        data, quality = moved(_real(situation), self._device), situation.quality
        images = stripes(situation.shape, _PER_CLASS, seed=2)
        if quality != "good":
            images = spoiled(images) if quality == "bad" else faint(images)
        if situation.order is not None:
            images = images.subset(situation.order)
        images = moved_images(images, self._device)
        runtime = Runtime(
            device=self._device,
            precision="float32",
            seed=0,
            checkpoints=CheckpointStore(self._folder / "checkpoints"),
            emit=self._emit,
            task=self.entry.name,
        )
        plain = moved(striped_data(situation.shape), self._device)
        means = class_means(plain.train, situation.shape.n_classes)
        counts = torch.full(
            (len(images),), _TRIALS[quality], dtype=torch.int64, device=self._device
        )
        return Evaluation(
            model=OracleModel(images, means, _ERROR[quality], blinking=quality == "useless"),
            data=data,
            comparison=Comparison(images.labels, data.train, data.test, "train"),
            generated=DeviceImages(images.images.clone(), images.labels.clone()),
            trials={"latent": counts, "image": counts},
            shelf=FeatureCache(self._extractor, {}, data, runtime),
            runtime=runtime,
            statistics=self._moments() if situation.from_moments else None,
        )

    def _extractor(self, name: str) -> type[FeatureExtractor]:
        self.asked_for.add(name)
        return PooledPixels

    def _moments(self) -> ReferenceStatistics:
        real = _real(GOOD)
        pixels = PooledPixels({})
        pixels.prepare(
            real, Runtime(torch.device("cpu"), "float32", 0, CheckpointStore(self._folder))
        )
        moments = moments_of(pixels.extract(real.train.images).features)
        return ReferenceStatistics.checked(
            moments.mean.numpy(), moments.covariance.numpy(), "the real images' statistics"
        )


def _real(situation: Situation) -> BenchmarkData:
    """The real images of a situation: new ones, which are the same each time they are made."""
    data = striped_data(situation.shape)
    if situation.faint == "train":
        data = replace(data, train=faint(data.train), fingerprint="faint train split")
    elif situation.faint == "test":
        data = replace(data, test=faint(data.test), fingerprint="faint test split")
    return data


def _watched(evaluation: Evaluation, situation: Situation) -> SharedData:
    """Watch over the real images, which others see, too."""
    labels = evaluation.comparison.labels.clone()

    def anew() -> tuple[BenchmarkData, Comparison]:
        data = _real(situation)
        return data, Comparison(labels, data.train, data.test, "train")

    return SharedData(evaluation.data, evaluation.comparison, anew)
