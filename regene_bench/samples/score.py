"""Scoring images that another program made, by the metrics and conventions of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from regene_bench.base.errors import UsageError
from regene_bench.base.events import Sink
from regene_bench.harness.options import device_names, folders_of
from regene_bench.runtime.stop import StopRequest
from regene_bench.samples.against_statistics import check_alone
from regene_bench.samples.not_samples import refuse_as_reference
from regene_bench.samples.report import Report
from regene_bench.samples.score_by_benchmark import score_by_benchmark
from regene_bench.samples.score_by_statistics import score_by_statistics
from regene_bench.samples.score_request import ScoreRequest
from regene_bench.samples.sources import NO_LABELS
from regene_bench.stores.opening import results_folder


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
    devices: str | Sequence[str] = "",
    resize: bool = False,
    skip_bad: bool = False,
    split: str = "",
    image_column: str = "",
    force: bool = False,
    parity: bool = False,
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
        devices: In its place several that compute features together: ``"cuda:0,cuda:1"``, a list,
            or ``"all"``, of one model.
        resize: Resize images of other sizes (bicubic, antialiased), each from its own, instead of
            refusing them.
        skip_bad: Leave out files that cannot be decoded instead of refusing them; each is named in
            an event, and rows tell how many.
        split: Score only this split of a path that holds several (``"test"``).
        image_column: Column of the images in Parquet; ``image`` or ``img`` if empty.
        force: Decode the benchmark's data again, however alike their files look.
        parity: Compute the scores with other libraries, too, as ``regene-bench parity`` does; the
            report's ``parity`` has them. Not against statistics.
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
    refuse_as_reference(against)
    request = ScoreRequest(
        samples=samples,
        labels=labels,
        metrics=metrics if isinstance(metrics, str) else ",".join(metrics),
        name=name,
        results=None if results is None else results_folder(results),
        device=device,
        devices=device_names(devices),
        resize=resize,
        skip_bad=skip_bad,
        split=split,
        image_column=image_column,
        parity=parity,
        emit=emit,
        stop=stop or StopRequest(),
    )
    if against_stats:
        # labels="none" is what happens anyway
        given = None if isinstance(labels, str) and labels == NO_LABELS else labels
        check_alone(
            against=str(against),
            labels=given,
            preset=preset,
            data=data,
            resize=resize,
            force=force,
            parity=parity,
        )
        return score_by_statistics(request, str(against_stats), extractor)
    _check_reference(str(against), extractor)
    return score_by_benchmark(request, str(against), preset, folders_of(data), force=force)


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
