"""Scoring images against mean and covariance of features, where the real images are not at hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from regene_bench.harness.finished import is_available
from regene_bench.harness.workbench import make_runtime
from regene_bench.plan.metrics import choose_metrics_of_moments
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime.determinism import deterministic
from regene_bench.runtime.device import choose_precision
from regene_bench.runtime.progress import watched
from regene_bench.samples.against_statistics import (
    check_agreement,
    check_extractor,
    find_statistics,
    published_statistics,
    reference_of,
    with_fewest_channels,
    with_reference_note,
    with_statistics,
    workbench_of,
)
from regene_bench.samples.board_entry import record_of
from regene_bench.samples.caveats import with_caveats
from regene_bench.samples.measuring import evaluation_of, measure_samples
from regene_bench.samples.report import Report
from regene_bench.samples.score_request import ScoreRequest
from regene_bench.samples.sources import NO_LABELS


def score_by_statistics(request: ScoreRequest, source: str, extractor: str) -> Report:
    """Score images against mean and covariance, whatever their labels and their size are.

    Args:
        request: The images. Nothing is resized, since no benchmark says to which size.
        source: The statistics: a file, or a published name.
        extractor: Whose features they are of.

    Returns:
        The scores.

    Raises:
        RegeneBenchError: As of ``score.score``.
    """
    host = load_plugins()
    check_extractor(host, extractor)
    chosen_metrics = choose_metrics_of_moments(host, extractor, request.metrics)
    request.check()
    statistics = find_statistics(source, extractor)
    device, *others = request.on_devices()
    with deterministic(), watched(request.emit, request.stop) as sink:
        runtime = make_runtime(
            device=device,
            precision=choose_precision("auto", device),
            task=request.name,
            stop=request.stop,
            emit=sink,
        )
        bench = workbench_of(host, runtime, None, "")
        unlabelled = replace(request, labels=NO_LABELS, resize=False)
        found = unlabelled.read(bench.data.shape, bench.data.class_names, runtime, sink)
        found = with_fewest_channels(found)
        statistics = statistics or published_statistics(source, found)
        bench = workbench_of(host, runtime, found, statistics.sha256, others)
        if is_available(bench.shelf, extractor):
            check_agreement(statistics, bench, extractor)
        evaluation = evaluation_of(found, bench, statistics)
        rows, meter = measure_samples(evaluation, chosen_metrics, bench)
    rows = with_reference_note(rows, chosen_metrics, statistics, found)
    # no protocol says how many images, of which classes, there should be
    rows = with_caveats(rows, found, np.zeros(len(found), dtype=np.int64))
    reference = reference_of(statistics, extractor)
    record = record_of(found, rows, request.name, reference, bench, meter.seconds)
    record = with_statistics(record, source, extractor)
    title = (
        f"{request.name}: {len(found)} images of {found.source} against the statistics "
        f"{statistics.name} of {extractor}"
    )
    return request.report(record, found, title, runtime)
