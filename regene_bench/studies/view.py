"""What a figure looks at: the finished runs of a study on one benchmark, with their models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.data.device_images import BenchmarkData, DeviceImages
from regene_bench.data.shapes import Preset
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.extractor import Features
from regene_bench.harness.run import Setting, evaluation_of, runtime_of
from regene_bench.harness.sample import sample
from regene_bench.leaderboard.aggregate import CONVENTION
from regene_bench.leaderboard.record import RunRecord, ScoreRow
from regene_bench.leaderboard.short_names import column_labels
from regene_bench.plan.protocol import Benchmark
from regene_bench.plan.reported import ReportedNumber
from regene_bench.plan.runs import Run
from regene_bench.runtime.runtime import Runtime
from regene_bench.studies.measures import Measure
from regene_bench.training.capabilities import Generator


class FinishedRun:
    """One run that ended well: its scores, and its model when asked for.

    Args:
        run: What was run.
        record: What stands in the leaderboard.
        setting: What all runs of the call share.
    """

    def __init__(self, run: Run, record: RunRecord, setting: Setting) -> None:
        self.record = record
        self._run = run
        self._setting = setting

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.record.run_id

    @property
    def method(self) -> str:
        """Name of the method."""
        return self.record.method

    @property
    def params(self) -> dict[str, Any]:
        """All parameters of the method, JSON values."""
        return dict(self.record.params)

    @property
    def training_params(self) -> dict[str, Any]:
        """The parameters that its training depends on, JSON values.

        Runs that share them and the seed are one trained model, which draws its samples otherwise.
        """
        drawn = self._run.method.sampling_params
        return {key: value for key, value in self.record.params.items() if key not in drawn}

    @property
    def seed(self) -> int:
        """Seed of training and sampling."""
        return self.record.seed

    @property
    def title(self) -> str:
        """How the run is called on screens."""
        return self._run.title

    @property
    def label(self) -> str:
        """The title without the seed: method and the parameters that were asked for."""
        return self._run.title.removesuffix(f" · seed {self.seed}")

    def score(
        self, metric: str, class_name: str | None = None, extractor: str | None = None
    ) -> ScoreRow | None:
        """A score of the run with all that makes it comparable, ``None`` if it has none.

        Args:
            metric: Column name.
            class_name: The class, for a per-class score.
            extractor: The extractor's id; may be left out where there is one only.

        Raises:
            MethodError: Several scores have that name, and nothing says which is meant.
        """
        found = [
            score
            for score in self._scores(metric, class_name)
            if extractor in (None, score.extractor_id)
        ]
        if len(found) > 1:
            kinds = " and ".join(
                f"on {s.extractor_id or 'no extractor'} ({s.reference_split})" for s in found
            )
            raise MethodError(f"{self.title} has several scores {metric!r}: {kinds}.")
        return found[0] if found else None

    def score_of(self, measure: Measure, class_name: str | None = None) -> ScoreRow | None:
        """The score of exactly this measure, ``None`` if there is none.

        Args:
            measure: One of ``measures_of``.
            class_name: The class, for a per-class score.
        """
        scores = self._scores(measure.metric, class_name)
        return next((score for score in scores if Measure.of(score) == measure), None)

    def value(
        self, metric: str, class_name: str | None = None, extractor: str | None = None
    ) -> float | None:
        """The value of ``score``, ``None`` if there is none.

        Raises:
            MethodError: As of ``score``.
        """
        score = self.score(metric, class_name, extractor)
        return None if score is None else score.value

    def _scores(self, metric: str, class_name: str | None) -> list[ScoreRow]:
        return [
            score
            for score in self.record.scores
            if (score.metric, score.class_name, score.status) == (metric, class_name, "ok")
        ]

    @cached_property
    def runtime(self) -> Runtime:
        """Device, seed, progress: the run's own."""
        return runtime_of(self._run, self._setting)

    @cached_property
    def model(self) -> Any:
        """The trained model: ``fit`` goes on from the run's checkpoints, which are complete."""
        return self._run.method(self._run.config).fit(self._setting.data, self.runtime)

    @cached_property
    def evaluation(self) -> Evaluation:
        """Generated and reconstructed images with their features, as the run's metrics saw them.

        Raises:
            MethodError: The model cannot generate.
        """
        setting = self._setting
        if not isinstance(self.model, Generator):
            raise MethodError(f"{self.title} cannot generate.")
        labels, shape = setting.comparison.labels, setting.data.shape
        generated, trials = sample(self.model, labels, shape, self.runtime)
        return evaluation_of(self.model, generated, trials, setting, self.runtime)

    def generated_for(self, labels: Tensor) -> DeviceImages:
        """Generate for other labels than the benchmark's, as the run's own samples are.

        Args:
            labels: int64 ``[N]``, sorted by class.

        Raises:
            MethodError: The model cannot generate.
        """
        if not isinstance(self.model, Generator):
            raise MethodError(f"{self.title} cannot generate.")
        return sample(self.model, labels, self._setting.data.shape, self.runtime)[0]


@dataclass(frozen=True)
class StudyView:
    """One benchmark of a study.

    Attributes:
        benchmark: The protocol.
        preset: Which preset was run.
        runs: Runs that ended well, in the order of the plan.
        reported: What papers report for this benchmark.
        runtime: For work that belongs to no run; its seed is 0.
    """

    benchmark: Benchmark
    preset: Preset
    runs: Sequence[FinishedRun]
    reported: Sequence[ReportedNumber]
    runtime: Runtime
    _setting: Setting = field(repr=False)

    @property
    def name(self) -> str:
        """The benchmark's name."""
        return self.benchmark.name

    @property
    def data(self) -> BenchmarkData:
        """Both splits on the device."""
        return self._setting.data

    def of(self, *methods: str) -> list[FinishedRun]:
        """The runs of some methods.

        Raises:
            MethodError: There is none.
        """
        found = [run for run in self.runs if run.method in methods]
        if not found:
            raise MethodError(
                f"The study has no finished run of {' or '.join(methods)} on {self.name}."
            )
        return found

    def first_of(self, *methods: str) -> list[FinishedRun]:
        """The first run of each set of parameters of some methods: one seed each.

        Raises:
            MethodError: There is none.
        """
        firsts: dict[str, FinishedRun] = {}
        for run in self.of(*methods):
            firsts.setdefault(f"{run.method} {run.params}", run)
        return list(firsts.values())

    def features(self, extractor: str, images: Tensor, task: str) -> Features:
        """Features (and logits) of any uint8 images ``[N, C, H, W]``, with progress.

        Raises:
            UnavailableError: The extractor's weights are not to be had.
        """
        return self._setting.shelf.extract(extractor, images, task)


def measures_of(
    views: Iterable[StudyView], metric: str, *, per_class: bool = False
) -> dict[Measure, str]:
    """All measures of a name among the good scores of some views, with their labels.

    Args:
        views: Where to look; labels tell apart what is measured in any of them.
        metric: Column name.
        per_class: Look at scores of single classes instead of totals.

    Returns:
        Labels as on leaderboards: ``fid``, ``fd (efficientnet_lite0)``.
    """
    found = {
        Measure.of(score)
        for view in views
        for run in view.runs
        for score in run.record.scores
        if score.metric == metric
        and score.status == "ok"
        and (score.class_name is not None) == per_class
    }
    measures = sorted(found, key=lambda m: (m.extractor or "", m.split or ""))
    labels, _ = column_labels([_as_key(measure) for measure in measures])
    return dict(zip(measures, labels, strict=True))


def _as_key(measure: Measure) -> tuple[str | None, ...]:
    convention = {"extractor_id": measure.extractor, "reference_split": measure.split}
    return measure.metric, None, *(convention.get(name) for name in CONVENTION)
