"""Scoring images that another program made, by the metrics and conventions of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from regene_bench.base.errors import DataError, UsageError
from regene_bench.base.events import Message, Sink
from regene_bench.data.device_images import BenchmarkData, DeviceImages
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.metric import NamedMetric
from regene_bench.evaluation.reference_statistics import ReferenceStatistics
from regene_bench.harness.finished import is_available
from regene_bench.harness.measure import measure_all
from regene_bench.harness.options import folders_of
from regene_bench.harness.workbench import Workbench, make_runtime, set_up_workbench
from regene_bench.leaderboard.parts import check_writable
from regene_bench.leaderboard.record import RunRecord, ScoreRow
from regene_bench.plan.metrics import (
    check_extractor_tables,
    choose_metrics,
    choose_metrics_of_moments,
    extractors_of,
)
from regene_bench.plan.protocol import Benchmark, load_benchmark
from regene_bench.plan.runs import check_preset
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime.device import choose_device, choose_precision, deterministic
from regene_bench.runtime.metering import Meter, metered
from regene_bench.runtime.progress import watched
from regene_bench.runtime.stop import StopRequest
from regene_bench.samples.against_statistics import (
    check_agreement,
    check_alone,
    check_extractor,
    find_statistics,
    published_statistics,
    reference_of,
    with_fewest_channels,
    with_reference_note,
    with_statistics,
    workbench_of,
)
from regene_bench.samples.board_entry import Reference, keep, record_of
from regene_bench.samples.caveats import with_caveats
from regene_bench.samples.collection import NO_LABELS, Samples
from regene_bench.samples.read import check_place
from regene_bench.samples.report import Report
from regene_bench.samples.take_in import take_in
from regene_bench.samples.value_ranges import darkness

_FEWEST = 2


def score(
    samples: Any,
    against: Path | str = "",
    labels: Any = None,
    *,
    against_stats: Path | str = "",
    extractor: str = "",
    metrics: str | Sequence[str] = "",
    preset: str = "",
    name: str = "samples",
    results: Path | str | None = None,
    data: Path | str | Sequence[Path | str] = (),
    device: str = "auto",
    resize: bool = False,
    skip_bad: bool = False,
    split: str = "",
    image_column: str = "",
    force: bool = False,
    emit: Sink | None = None,
    stop: StopRequest | None = None,
) -> Report:
    """Score images by a benchmark's metrics, against its real images or precomputed statistics.

    Args:
        samples: A path (folder, class folders, zip, tar or WebDataset's shards, Parquet, ``.npz``,
            ``.npy``, ``.safetensors``, ``.pt``); an array or tensor of images ``[N, H, W, C]``,
            ``[N, C, H, W]`` or ``[N, H, W]``, uint8, or floats in [0, 1]; a list of Pillow's
            images; a pair ``(images, labels)`` or ``TensorDataset``; a data set of torch,
            torchvision or Hugging Face; a ``DataLoader``; or an iterator of batches or of pairs
            ``(batch, labels)``, of which only uint8 is kept. All images count, however many the
            protocol has its methods generate.
        against: A benchmark's name, or the path of a protocol (``my.toml``).
        labels: ``[N]`` numbers or names of classes, unless they come with the images; for a path
            also a file of labels, a column, array or tensor, or members of a tar, by name.
            ``"none"``: folders are no classes, and whatever else looks like labels (numbers of -1)
            is none. Without labels some metrics are skipped.
        against_stats: In place of ``against``, a ``.npz`` with ``mu`` and ``sigma`` of a
            reference's features, or statistics that clean-fid publishes, by name
            (``"clean-fid:cifar10/train"``). Only metrics are measured that need no more.
        extractor: The extractor whose features these statistics are of; it must be named.
        metrics: ``"fid,kid[extractor=inception]"`` or a list of such. If empty, the protocol's;
            against statistics, those defined on the extractor.
        preset: The benchmark's default if empty. It sets the number of real images and the
            neutral classifier's training.
        name: How the samples are called on leaderboards.
        results: Results folder in whose leaderboard they shall stand; none is written otherwise.
        data: A folder to look for data sets in before the usual places, or several.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        resize: Resize images of other sizes (bicubic, antialiased), each from its own, instead of
            refusing them.
        skip_bad: Leave out files that cannot be decoded instead of refusing them; each is named in
            an event, and rows tell how many.
        split: Score only this split of a path that holds several (``"test"``).
        image_column: Column of the images in Parquet; ``image`` or ``img`` if empty.
        force: Decode the benchmark's data again, however alike their files look.
        emit: Takes progress events; bars on a terminal and nothing elsewhere if not given.
        stop: Looked at between steps.

    Returns:
        The scores; ``print`` shows them as a table.

    Raises:
        UsageError: An unknown name or an impossible value.
        ConfigError: Options of a metric, or a protocol, that do not validate.
        DataError: Samples or the benchmark's data are missing, damaged or of another shape; the
            statistics are damaged, or of another extractor.
        UnavailableError: Published statistics are not here and cannot be fetched.
        Interrupted: A stop was asked for.
    """
    stop = stop or StopRequest()
    if against_stats:
        # labels="none" is what happens anyway
        given = None if isinstance(labels, str) and labels == NO_LABELS else labels
        check_alone(
            against=str(against), labels=given, preset=preset, data=data, resize=resize, force=force
        )
        return _score_against_statistics(
            samples,
            str(against_stats),
            extractor,
            metrics=metrics,
            name=name,
            results=results,
            device=device,
            skip_bad=skip_bad,
            split=split,
            image_column=image_column,
            emit=emit,
            stop=stop,
        )
    _check_reference(str(against), extractor)
    host = load_plugins()
    benchmark = load_benchmark(host, str(against))
    chosen_preset = check_preset(preset or benchmark.default_preset)
    asked = metrics if isinstance(metrics, str) else ",".join(metrics)
    chosen_metrics = choose_metrics(host, benchmark, asked)
    check_extractor_tables(host, benchmark)
    _check_arguments(samples, name, split, image_column)
    chosen_device = choose_device(device)
    folder = None if results is None else Path(results)
    if folder is not None:
        check_writable(folder)
    with deterministic(), watched(emit, stop) as sink:
        bench = set_up_workbench(
            host,
            benchmark,
            chosen_preset,
            device=chosen_device,
            precision=choose_precision("auto", chosen_device),
            folders=folders_of(data),
            task=name,
            stop=stop,
            emit=sink,
            decode_again=force,
        )
        found = take_in(
            samples,
            labels,
            bench.data.shape,
            bench.data.class_names,
            bench.runtime,
            resize=resize,
            skip_bad=skip_bad,
            split=split,
            image_column=image_column,
        )
        for text in found.left_out:
            sink(Message(f"left out {text}"))
        _check(found, benchmark, bench.data)
        brightest = int(bench.data.train.images.max())
        found = replace(found, notes=found.notes + darkness(found.images, brightest))
        rows, meter = _measure(found, chosen_metrics, bench)
    wanted = bench.comparison.labels.cpu().numpy()
    rows = with_caveats(rows, found, wanted, bench.data.class_names)
    reference = Reference.of(benchmark, chosen_preset)
    record = record_of(found, rows, name, reference, bench.data, bench.runtime, meter.seconds)
    named = str(labels) if isinstance(labels, str | Path) else ""
    record = _saying(record, labels=named, split=split, image_column=image_column)
    title = (
        f"{name}: {len(found)} {'' if found.labels is not None else 'unlabelled '}images of "
        f"{found.source} against {benchmark.name} v{benchmark.version} ({chosen_preset})"
    )
    part = None if folder is None else keep(record, found, folder, bench.runtime)
    return Report(record, title, part)


def _score_against_statistics(
    samples: Any,
    source: str,
    extractor: str,
    *,
    metrics: str | Sequence[str],
    name: str,
    results: Path | str | None,
    device: str,
    skip_bad: bool,
    split: str,
    image_column: str,
    emit: Sink | None,
    stop: StopRequest,
) -> Report:
    """Score images against mean and covariance; arguments as of ``score``."""
    host = load_plugins()
    check_extractor(host, extractor)
    asked = metrics if isinstance(metrics, str) else ",".join(metrics)
    chosen_metrics = choose_metrics_of_moments(host, extractor, asked)
    _check_arguments(samples, name, split, image_column)
    statistics = find_statistics(source, extractor)
    chosen_device = choose_device(device)
    folder = None if results is None else Path(results)
    if folder is not None:
        check_writable(folder)
    with deterministic(), watched(emit, stop) as sink:
        runtime = make_runtime(
            device=chosen_device,
            precision=choose_precision("auto", chosen_device),
            task=name,
            stop=stop,
            emit=sink,
        )
        bench = workbench_of(host, runtime, None, "")
        found = take_in(
            samples,
            NO_LABELS,
            bench.data.shape,
            bench.data.class_names,
            runtime,
            resize=False,
            skip_bad=skip_bad,
            split=split,
            image_column=image_column,
        )
        for text in found.left_out:
            sink(Message(f"left out {text}"))
        found = with_fewest_channels(found)
        _check_number(found)
        statistics = statistics or published_statistics(source, found)
        bench = workbench_of(host, runtime, found, statistics.sha256)
        if is_available(bench.shelf, extractor):
            check_agreement(statistics, bench, extractor)
        rows, meter = _measure(found, chosen_metrics, bench, statistics)
    rows = with_reference_note(rows, chosen_metrics, statistics, found)
    # no protocol says how many images, of which classes, there should be
    rows = with_caveats(rows, found, np.zeros(len(found), dtype=np.int64))
    reference = reference_of(statistics, extractor)
    record = record_of(found, rows, name, reference, bench.data, runtime, meter.seconds)
    record = with_statistics(record, source, extractor)
    record = _saying(record, split=split, image_column=image_column)
    title = (
        f"{name}: {len(found)} images of {found.source} against the statistics "
        f"{statistics.name} of {extractor}"
    )
    part = None if folder is None else keep(record, found, folder, runtime)
    return Report(record, title, part)


def _check_reference(against: str, extractor: str) -> None:
    if not against:
        raise UsageError(
            "Nothing was given to compare the images with.",
            hint="Give --against BENCHMARK, or --against-stats FILE.npz with --extractor NAME.",
        )
    if extractor:
        raise UsageError(
            "--extractor names what statistics are of, and none were given.",
            hint="Give --against-stats too, or name extractors in --metrics: "
            f"'fd[extractor={extractor}]'.",
        )


def _saying(record: RunRecord, **said: str) -> RunRecord:
    """Keep beside a row what the user said about where to read; what is empty was not said."""
    given = {key: value for key, value in said.items() if value}
    return replace(record, params={**record.params, **given})


def _check_arguments(samples: Any, name: str, split: str, image_column: str) -> None:
    """Find what is wrong before data are read, which may take long."""
    if not name.strip() or not name.isprintable():
        raise UsageError(f"{name!r} cannot be the name of samples.", hint="Use letters and digits.")
    if isinstance(samples, str | Path):
        check_place(Path(samples))
        return
    for argument, value in (("split", split), ("image_column", image_column)):
        if value:
            raise UsageError(
                f"{argument}={value!r} was given, but the samples are no file or folder.",
                hint=f"Leave {argument} out.",
            )


def _check_number(samples: Samples) -> None:
    if len(samples) < _FEWEST:
        raise DataError(
            f"{samples.source} holds one image; no distance can be computed.",
            hint=f"Score at least {_FEWEST}, better as many as the protocol generates.",
        )


def _check(samples: Samples, benchmark: Benchmark, real: BenchmarkData) -> None:
    _check_number(samples)
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


def _measure(
    samples: Samples,
    metrics: list[NamedMetric],
    bench: Workbench,
    statistics: ReferenceStatistics | None = None,
) -> tuple[tuple[ScoreRow, ...], Meter]:
    for extractor in extractors_of(metrics):
        is_available(bench.shelf, extractor)
    device = bench.runtime.device
    known = samples.labels is not None
    labels = samples.labels if known else np.full(len(samples), -1, dtype=np.int64)
    evaluation = Evaluation(
        model=None,
        data=bench.data,
        comparison=bench.comparison,
        generated=DeviceImages(
            torch.from_numpy(samples.images).to(device), torch.from_numpy(labels).to(device)
        ),
        labelled=known,
        trials={},
        shelf=bench.shelf,
        runtime=bench.runtime,
        statistics=statistics,
    )
    with metered(device) as meter:
        rows = measure_all(metrics, evaluation, bench.shared)
    return rows, meter
