"""Measuring images without a model, by the metrics that need none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from regene_bench.data.device_images import DeviceImages
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.metric import NamedMetric
from regene_bench.evaluation.reference_statistics import ReferenceStatistics
from regene_bench.harness.finished import is_available
from regene_bench.harness.measure import measure_all
from regene_bench.harness.workbench import Workbench
from regene_bench.leaderboard.record import ScoreRow
from regene_bench.plan.metrics import extractors_of
from regene_bench.runtime.metering import Meter, metered
from regene_bench.samples.collection import Samples


def measure_samples(
    evaluation: Evaluation, metrics: list[NamedMetric], bench: Workbench
) -> tuple[tuple[ScoreRow, ...], Meter]:
    """Measure samples.

    Args:
        evaluation: From ``evaluation_of``.
        metrics: What to measure.
        bench: What they are compared with, and where.

    Returns:
        The scores, and what measuring took; extractors are prepared before.

    Raises:
        Interrupted: A stop was asked for.
    """
    for extractor in extractors_of(metrics):
        is_available(bench.shelf, extractor)
    with metered(bench.runtime.device) as meter:
        rows = measure_all(metrics, evaluation, bench.shared)
    return rows, meter


def evaluation_of(
    samples: Samples, bench: Workbench, statistics: ReferenceStatistics | None = None
) -> Evaluation:
    """Make an evaluation of images without a model.

    Args:
        samples: The images, with their labels if these are known.
        bench: What they are compared with, and where.
        statistics: What they are compared with where there are no real images.
    """
    device = bench.runtime.device
    known = samples.labels is not None
    labels = samples.labels if known else np.full(len(samples), -1, dtype=np.int64)
    return Evaluation(
        model=None,
        data=bench.data,
        comparison=bench.comparison,
        generated=DeviceImages(
            torch.from_numpy(samples.images).to(device), torch.from_numpy(labels).to(device)
        ),
        labelled=known,
        trials={},
        shelf=bench.shelf,
        # what a metric trains here is none of those that judge the folder's runs
        runtime=replace(bench.runtime, results=None),
        statistics=statistics,
    )
