"""Scoring images against a benchmark's real ones, exactly as those of its methods are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.device_images import BenchmarkData
from regene_bench.harness.workbench import set_up_workbench
from regene_bench.plan.metrics import check_extractor_tables, choose_metrics
from regene_bench.plan.protocol import Benchmark, load_benchmark
from regene_bench.plan.runs import check_preset
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime.determinism import deterministic
from regene_bench.runtime.device import choose_precision
from regene_bench.runtime.progress import watched
from regene_bench.samples.board_entry import Reference, record_of
from regene_bench.samples.caveats import with_caveats
from regene_bench.samples.collection import Samples
from regene_bench.samples.measuring import evaluation_of, measure_samples
from regene_bench.samples.parity.recompute import recompute
from regene_bench.samples.report import Report
from regene_bench.samples.score_request import ScoreRequest
from regene_bench.samples.value_ranges import darkness


def score_by_benchmark(
    request: ScoreRequest, against: str, preset: str, folders: Sequence[Path], *, force: bool
) -> Report:
    """Score images by a benchmark's metrics and conventions.

    Args:
        request: The images.
        against: The benchmark's name, or the path of a protocol.
        preset: The benchmark's default if empty.
        folders: Where to look for its data before the usual places.
        force: Decode its data again.

    Returns:
        The scores.

    Raises:
        RegeneBenchError: As of ``score.score``.
    """
    host = load_plugins()
    benchmark = load_benchmark(host, against)
    chosen_preset = check_preset(preset or benchmark.default_preset)
    chosen_metrics = choose_metrics(host, benchmark, request.metrics)
    check_extractor_tables(host, benchmark)
    request.check()
    device, *others = request.on_devices()
    with deterministic(), watched(request.emit, request.stop) as sink:
        bench = set_up_workbench(
            host,
            benchmark,
            chosen_preset,
            device=device,
            precision=choose_precision("auto", device),
            folders=folders,
            task=request.name,
            stop=request.stop,
            emit=sink,
            decode_again=force,
            results=request.results,
            also_on=others,
        )
        data = bench.data
        found = request.read(data.shape, data.class_names, bench.runtime, sink)
        _check_classes(found, benchmark, data)
        brightest = int(data.train.images.max())
        found = replace(found, notes=found.notes + darkness(found.images, brightest))
        evaluation = evaluation_of(found, bench)
        rows, meter = measure_samples(evaluation, chosen_metrics, bench)
        lines = tuple(recompute(rows, evaluation, host)) if request.parity else ()
    wanted = bench.comparison.labels.cpu().numpy()
    rows = with_caveats(rows, found, wanted, data.class_names)
    reference = Reference.of(benchmark, chosen_preset)
    record = record_of(found, rows, request.name, reference, bench, meter.seconds)
    title = (
        f"{request.name}: {len(found)} {'' if found.labels is not None else 'unlabelled '}images "
        f"of {found.source} against {benchmark.name} v{benchmark.version} ({chosen_preset})"
    )
    named = str(request.labels) if isinstance(request.labels, str | Path) else ""
    report = request.report(record, found, title, bench.runtime, labels=named)
    return replace(report, parity=lines)


def _check_classes(samples: Samples, benchmark: Benchmark, real: BenchmarkData) -> None:
    """Refuse labelled images of classes that the benchmark leaves out."""
    chosen = benchmark.evaluation.generate_classes
    if chosen is None or samples.labels is None:
        return
    given = {real.class_names[label] for label in np.unique(samples.labels)}
    extra = sorted(given - set(chosen))
    if extra:
        raise DataError(
            f"{samples.source} has images of {', '.join(extra)}; {benchmark.name} compares only "
            f"{', '.join(chosen)}.",
            hint="Leave the other classes out.",
        )
