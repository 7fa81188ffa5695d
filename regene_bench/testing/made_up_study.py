"""A study as its figures see it, without any training: its own runs, with scores that are made up.

Which runs and columns there are, a study of the figure's own distribution says, so that a figure is
shown what it was written for. Images are stripes, real ones as well as generated ones, and features
are those of ``PooledPixels``. Trained models are not there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch

from regene_bench.base.errors import RegeneBenchError
from regene_bench.base.events import silent
from regene_bench.data.shapes import Preset
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.evaluation.metric import Metric
from regene_bench.harness.run import Setting, evaluation_of
from regene_bench.harness.shared_data import SharedData
from regene_bench.leaderboard.record import RunRecord, ScoreRow
from regene_bench.plan.metrics import choose_metrics
from regene_bench.plan.protocol import Benchmark, load_benchmark
from regene_bench.plan.reported import reported_numbers
from regene_bench.plan.runs import Run, choose, identify
from regene_bench.plan.selection import parse_seeds, parse_selections, parse_settings
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stop import StopRequest
from regene_bench.studies.definition import FigureTable, Study, load_study
from regene_bench.studies.view import FinishedRun, StudyView
from regene_bench.testing.check import NotApplicable
from regene_bench.testing.metrics.oracle import OracleModel, PooledPixels
from regene_bench.testing.stripes import TEST_PER_CLASS, class_means, striped_data, stripes

PRESET: Preset = "quick"
_IMAGES = 1000
_ERROR = 0.05
_CHECKPOINT_SECONDS = 1e9


@dataclass(frozen=True)
class Untrained:
    """Stands where a figure would find a trained model."""

    what: str

    def __getattr__(self, name: str) -> NoReturn:
        raise NotApplicable(f"it looks at {self.what}, and a check trains nothing")


class MadeUpRun(FinishedRun):
    """A run whose record is made up, and whose model is not there."""

    @property
    def model(self) -> Any:
        """Not there."""
        return Untrained("trained models")

    @property
    def evaluation(self) -> Evaluation:
        """Fresh stripes as generated images, and a model that reconstructs nearly right."""
        setting = self._setting
        shape, labels = setting.data.shape, setting.comparison.labels
        images = stripes(shape, len(labels) // shape.n_classes, seed=2)
        model = OracleModel(images, class_means(setting.data.train, shape.n_classes), _ERROR)
        return evaluation_of(model, images, {}, setting, self.runtime)


def study_of(host: PluginHost, figure: Entry) -> Study:
    """Give a study that draws a figure: the first of the same distribution, or else any.

    Where there is none it is made up of the first benchmark and its own methods.
    """
    entries = sorted(host.entries("study"), key=lambda e: e.distribution != figure.distribution)
    for entry in entries:
        try:
            study = load_study(host, entry.qualified_name)
        except RegeneBenchError:  # the study's own check says why
            continue
        if tables_of(study, figure):
            return study.at(PRESET)
    names = host.shown_names("benchmark")
    if not names:
        raise NotApplicable("no benchmark is registered whose runs it could draw")
    methods = load_benchmark(host, names[0]).default_methods
    return Study(
        name="made-up",
        version=1,
        title="made up",
        source="a check",
        benchmarks=names[:1],
        methods=",".join(methods),
        figures=[FigureTable(kind=figure.name)],
    )


def tables_of(study: Study, figure: Entry) -> list[FigureTable]:
    """Those of a study's figures that are this one, with their options."""
    names = (figure.name, figure.qualified_name)
    return [table for table in study.figures if table.kind in names]


def made_up_views(
    host: PluginHost, study: Study, folder: Path, *, scored: bool = True
) -> list[StudyView]:
    """What the study's figures look at, on each of its benchmarks.

    Args:
        host: Knows benchmarks, methods and metrics.
        study: Whose runs they are.
        folder: For what figures keep.
        scored: Give the runs scores; without them they are runs that nothing was measured of.
    """
    views = []
    for name in study.benchmarks:
        benchmark = load_benchmark(host, name)
        selections, seeds = parse_selections(study.methods), parse_seeds(study.seeds)
        settings = parse_settings(study.settings)
        choices = choose(host, benchmark, selections, seeds, PRESET, settings)
        metrics = choose_metrics(host, benchmark, ",".join(study.metrics))
        measured = [named.metric for named in metrics] if scored else []
        setting = _setting(benchmark, folder)
        names = setting.data.class_names
        runs = [
            MadeUpRun(run, _record(run, tuple(_scores(run, measured, names))), setting)
            for run in identify(choices, benchmark, PRESET, "made up")
        ]
        views.append(
            StudyView(
                benchmark=benchmark,
                preset=PRESET,
                runs=runs,
                reported=reported_numbers(host, benchmark.name),
                runtime=setting.runtime(study.name, folder / "checkpoints"),
                _setting=setting,
            )
        )
    return views


def _setting(benchmark: Benchmark, folder: Path) -> Setting:
    """What the runs share, on stripes of the benchmark's shape."""
    data = striped_data(benchmark.data.shape)
    labels = stripes(data.shape, TEST_PER_CLASS, seed=2).labels
    comparison = Comparison(labels, data.train, data.test, benchmark.evaluation.reference_split)
    device = torch.device("cpu")
    store = CheckpointStore(folder / "checkpoints")
    runtime = Runtime(device, "float32", 0, store, task=benchmark.name)
    return Setting(
        results=folder,
        data=data,
        comparison=comparison,
        shared=SharedData(data, comparison, lambda: (data, comparison)),
        shelf=FeatureCache(lambda name: PooledPixels, {}, data, runtime),
        metrics=[],
        device=device,
        precision="float32",
        checkpoint_seconds=_CHECKPOINT_SECONDS,
        stop=StopRequest(),
        emit=silent,
    )


def _record(run: Run, scores: tuple[ScoreRow, ...]) -> RunRecord:
    return RunRecord(
        run_id=run.run_id,
        benchmark=run.benchmark.name,
        protocol_version=run.benchmark.version,
        preset=run.preset,
        dataset=run.benchmark.data.source,
        dataset_fingerprint=run.fingerprint,
        method=run.entry.name,
        method_version=run.method.version,
        method_role="reference" if run.method.is_reference else "method",
        distribution=run.entry.distribution,
        distribution_version=run.entry.version,
        params=run.config.model_dump(mode="json"),
        seed=run.seed,
        status="ok",
        scores=scores,
    )


def _scores(run: Run, metrics: Sequence[Metric], classes: Sequence[str]) -> Iterator[ScoreRow]:
    """A total and a score for each class, of every column."""
    for metric in metrics:
        split = metric.reference or run.benchmark.evaluation.reference_split
        for column in metric.columns:
            for class_name in (None, *classes):
                yield ScoreRow(
                    metric=column.name,
                    value=_value(run.run_id, column.name, class_name or ""),
                    class_name=class_name,
                    n_real=_IMAGES,
                    n_generated=_IMAGES,
                    direction=column.direction,
                    unit=column.unit,
                    extractor_id=next(iter(metric.extractors), None),
                    reference_split=split,
                )


def _value(*key: str) -> float:
    """A number between 0 and 1 that looks like any, the same for the same key."""
    return int.from_bytes(hashlib.sha256("\n".join(key).encode()).digest()[:4], "big") / 2**32
