"""What takes a benchmark's place where samples are scored against precomputed statistics.

There are no real images, no classes and no protocol. Images keep their own size, labels say
nothing, and the reference is the statistics by their content: scores against the same arrays stand
on a leaderboard of their own, and beside nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from regene_bench.base.errors import UsageError, did_you_mean
from regene_bench.data.device_images import BenchmarkData, DeviceImages
from regene_bench.data.shapes import ImageShape
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.evaluation.metric import NamedMetric
from regene_bench.evaluation.reference_statistics import ReferenceStatistics
from regene_bench.harness.shared_data import SharedData
from regene_bench.harness.workbench import Workbench
from regene_bench.leaderboard.record import RunRecord, ScoreRow
from regene_bench.plan.extractors import find_extractor, registered_id, whose_extractor
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.runtime import Runtime
from regene_bench.samples.board_entry import Reference
from regene_bench.samples.caveats import with_notes
from regene_bench.samples.clean_fid import (
    check_clean_fid,
    clean_fid_statistics,
    has_side,
    is_clean_fid,
)
from regene_bench.samples.collection import OWN_SHAPE, Samples
from regene_bench.samples.statistics_file import read_statistics

NO_PRESET = "none"
"""The preset of rows that no protocol laid out."""
_DATASET = "statistics"
_CHUNK = 256
_ALONE = "compares with no other reference"


def check_alone(**options: Any) -> None:
    """Refuse what has no meaning without a benchmark.

    Args:
        options: The other options of the call, by name; a false value is one that was not given.

    Raises:
        UsageError: One was given.
    """
    reasons = {
        "against": "Scores compare with one reference: give --against or --against-stats.",
        "labels": "Statistics have no classes: leave labels out.",
        "preset": "Presets are a benchmark's: leave it out.",
        "data": "No data set is read: leave it out.",
        "force": "No data set is decoded: leave it out.",
        "parity": "Statistics are no images that others could look at: leave it out.",
        "resize": "There is no size to resize to: the extractor resizes each image for itself.",
    }
    for name, value in options.items():
        # no truth of an array of labels is asked for
        given = bool(value) if isinstance(value, str | bool | Sequence) else value is not None
        if given:
            raise UsageError(f"{name} cannot be given with against_stats.", hint=reasons[name])


def check_extractor(host: PluginHost, name: str) -> None:
    """Make sure that an extractor is named, and one whose features exist beyond a benchmark.

    Raises:
        UsageError: None is named, it is unknown, or it is trained on a benchmark's images.
    """
    if not name:
        known = did_you_mean("", host.shown_names("feature_extractor"))
        raise UsageError(
            "Statistics are of one extractor's features, and it must be named.",
            hint=f"Give --extractor NAME, the network that they were made with. {known}",
        )
    if host.find("feature_extractor", name).load().trained_on_data:
        raise UsageError(
            f"The extractor {name!r} is trained on a benchmark's images: its features mean nothing "
            "elsewhere, and statistics of them cannot be exchanged.",
            hint="Take one with published weights.",
        )


def find_statistics(source: str, extractor: str) -> ReferenceStatistics | None:
    """Read a file of statistics, and check that they can be of the extractor.

    Returns:
        The statistics; None for published ones of which the samples' size decides, and which
        ``published_statistics`` finds.

    Raises:
        UsageError: There is no such file or name.
        DataError: The file holds no mean and covariance, or says that it is of another extractor.
        UnavailableError: Published statistics cannot be fetched.
    """
    if is_clean_fid(source):
        check_clean_fid(source, extractor)
        return clean_fid_statistics(source) if has_side(source) else None
    if "://" in source:
        raise UsageError(
            f"{source} is an address, not a file.",
            hint="Download it first, and give the path of the file.",
        )
    statistics = read_statistics(Path(source))
    statistics.check_extractor(extractor)
    return statistics


def published_statistics(source: str, samples: Samples) -> ReferenceStatistics:
    """Fetch statistics that are published by name, for images of the samples' size.

    Raises:
        UsageError: There are none of this name.
        UnavailableError: They cannot be fetched.
    """
    return clean_fid_statistics(source, samples.images.shape[2])


def with_fewest_channels(samples: Samples) -> Samples:
    """Make samples grey of which all are, so that the same pixels are the same samples."""
    images = samples.images
    if images.shape[1] == 1:
        return samples
    for start in range(0, len(images), _CHUNK):
        part = images[start : start + _CHUNK]
        if (part != part[:, :1]).any():
            return samples
    return replace(samples, images=np.ascontiguousarray(images[:, :1]))


def workbench_of(
    host: PluginHost,
    runtime: Runtime,
    samples: Samples | None,
    fingerprint: str,
    also_on: Sequence[torch.device] = (),
) -> Workbench:
    """Get ready to read images (no samples yet), or to measure those that were read.

    Args:
        host: Knows the extractors.
        runtime: Device, progress, stop.
        samples: What is measured; before they are read, readers are given ``OWN_SHAPE``.
        fingerprint: Of the reference.
        also_on: As of ``FeatureCache``.
    """
    shape = OWN_SHAPE
    if samples is not None:
        channels, height, width = samples.images.shape[1:]
        shape = ImageShape(channels, height, width, 0)
    none = DeviceImages(
        torch.empty((0, shape.channels, shape.height, shape.width), dtype=torch.uint8),
        torch.empty(0, dtype=torch.int64),
    )
    data = BenchmarkData(_DATASET, shape, (), fingerprint, train=none, test=none)
    labels = torch.zeros(len(samples) if samples else 0, dtype=torch.int64)
    shelf = FeatureCache(
        partial(find_extractor, host),
        {},
        data,
        runtime,
        partial(registered_id, host),
        partial(whose_extractor, host),
        also_on=also_on,
    )
    comparison = Comparison(labels, none, none, "train")
    # there are no real images that could be damaged and read anew
    shared = SharedData(data, comparison, lambda: (data, comparison))
    return Workbench(data, comparison, shelf, runtime, shared)


def with_reference_note(
    rows: Sequence[ScoreRow],
    metrics: Sequence[NamedMetric],
    statistics: ReferenceStatistics,
    samples: Samples,
) -> tuple[ScoreRow, ...]:
    """Say in every row that was compared with statistics what these are, as far as it is known."""
    compared = {
        column.name
        for named in metrics
        if named.metric.compares_features
        for column in named.metric.columns
    }
    return tuple(
        with_notes(row, _notes(row, statistics, samples))
        if row.status == "ok" and row.metric in compared
        else row
        for row in rows
    )


def _notes(row: ScoreRow, statistics: ReferenceStatistics, samples: Samples) -> list[str]:
    given = f"against mean and covariance {statistics.short_hash} of {statistics.name}"
    if is_clean_fid(statistics.name):
        return [f"{given}, published for this network and preprocessing: {_ALONE}"]
    origin = statistics.origin
    if origin is None:
        return [
            f"{given}, a file that does not say which images, network and preprocessing it is of "
            f"(the samples' are under {row.preprocess_id}): {_ALONE}"
        ]
    notes = [
        f"{given}, {origin.n} {origin.split} images of {origin.benchmark} "
        f"v{origin.protocol_version} ({origin.preset}): {_ALONE}"
    ]
    (height, width), (_, *theirs) = samples.images.shape[2:], origin.image_shape
    if [height, width] != theirs:
        notes.append(
            f"images of {width}×{height} pixels against statistics of {theirs[1]}×{theirs[0]}"
        )
    return notes


def reference_of(statistics: ReferenceStatistics, extractor: str) -> Reference:
    """Name the reference by its content, so that no other shares a leaderboard with it."""
    identity = {"statistics": statistics.sha256, "extractor": extractor}
    return Reference(f"stats-{statistics.short_hash}", 1, NO_PRESET, identity)


def with_statistics(record: RunRecord, source: str, extractor: str) -> RunRecord:
    """Keep in a record what it takes to score the samples again."""
    where = source if is_clean_fid(source) else str(Path(source))
    return replace(
        record, params=dict(record.params) | {"statistics": where, "extractor": extractor}
    )


def check_agreement(statistics: ReferenceStatistics, bench: Workbench, extractor: str) -> None:
    """Refuse an extractor whose features the statistics cannot be of.

    Raises:
        DataError: Another number of features, other weights or preprocessing.
        UnavailableError: Its weights are not to be had.
    """
    statistics.check_card(bench.shelf.card(extractor))
