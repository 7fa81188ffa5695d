"""From a data source to two checked splits and their fingerprint, decoded once and then cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.base.events import Message, Progress, Sink, silent
from regene_bench.data.class_names import integer_names
from regene_bench.data.decode import ProgressFn
from regene_bench.data.decoded_cache import cache_key, load_cached, store
from regene_bench.data.fingerprint import fingerprint
from regene_bench.data.shapes import ImageShape, Split
from regene_bench.data.source import DatasetSource, ImageSet

_MOST_NAMES = 5


@dataclass(frozen=True)
class LoadedDataset:
    """A data set, decoded and checked.

    Attributes:
        train: Training split.
        test: Held-out split.
        fingerprint: See ``data.fingerprint``.
    """

    train: ImageSet
    test: ImageSet
    fingerprint: str


@runtime_checkable
class ReportsProgress(Protocol):
    """A source that can tell how far it is; optional."""

    def report_to(self, progress: ProgressFn) -> None:
        """Call ``progress(done, total)`` from now on: bytes in ``prepare``, images in ``load``."""
        ...


@runtime_checkable
class HasNotes(Protocol):
    """A source that can tell what it left out; optional."""

    def notes(self) -> Sequence[str]:
        """What was left out, a sentence each: known once prepared, and more once loaded."""
        ...


def load_dataset(
    source: DatasetSource,
    *,
    source_name: str,
    progress: Sink = silent,
    decode_again: bool = False,
) -> LoadedDataset:
    """Prepare a source, then take its splits from the cache, or decode and cache them.

    Args:
        source: The source, with what the benchmark asks of it.
        source_name: Name under which it is registered; for messages and the cache.
        progress: Gets ``Progress`` events while files are fetched and images are decoded, and a
            ``Message`` for whatever the source left out, and where a label can be the name of one
            class and the place of another.
        decode_again: Decode also what the cache holds, and put it there anew: files that were
            changed in place under equal names, sizes and times look as they did.

    Returns:
        Both splits: uint8 images ``[N, C, H, W]`` of the requested shape, int64 labels.

    Raises:
        DataError: The data set is missing or corrupt, or the source does not deliver what the
            benchmark asked for; says what differs.
    """
    _check_splits_are_known(source, source_name)
    _report(source, "fetch", "bytes", progress)
    source.prepare()
    told = _tell_notes(source, (), progress)
    key = cache_key(source, source_name)
    cached = load_cached(key) if key and not decode_again else None
    if cached:
        _tell_of_doubtful_integers(cached[0], source, progress)
        return LoadedDataset(*cached)
    train = _load(source, "train", source_name, progress)
    test = _load(source, "test", source_name, progress)
    _tell_notes(source, told, progress)
    if train.class_names != test.class_names:
        raise DataError(
            f"The source {source_name!r} names the classes of its splits differently: "
            f"{', '.join(train.class_names)} and {', '.join(test.class_names)}."
        )
    _tell_of_doubtful_integers(train, source, progress)
    mark = fingerprint(train, test)
    if key:
        store(key, train, test, mark)
    return LoadedDataset(train, test, mark)


def check_split(data: ImageSet, split: Split, shape: ImageShape, source_name: str) -> None:
    """Check that a source keeps its contract.

    Raises:
        DataError: Type, shape, labels or number of classes are not as they should be.
    """
    if not isinstance(data, ImageSet):
        raise DataError(
            f"The {split} split of the source {source_name!r} is a {type(data).__name__}.",
            hint="Its author is to return an ImageSet.",
        )
    problem = _problem(data, shape)
    if problem:
        raise DataError(
            f"The {split} split of the source {source_name!r} {problem}.",
            hint=_hint(len(data.class_names), shape.n_classes),
        )


def _check_splits_are_known(source: DatasetSource, source_name: str) -> None:
    if source.request.splits and not source.knows_splits:
        raise DataError(
            f"The source {source_name!r} has one way to split its data, and takes no names of "
            "splits.",
            hint="Leave train = … and test = … out of the protocol's [data].",
        )


def _load(source: DatasetSource, split: Split, source_name: str, progress: Sink) -> ImageSet:
    _report(source, f"decode {split}", "images", progress)
    data = source.load(split)
    check_split(data, split, source.request.shape, source_name)
    return data


def _tell_notes(source: DatasetSource, told: Sequence[str], sink: Sink) -> Sequence[str]:
    notes = source.notes() if isinstance(source, HasNotes) else ()
    for note in notes:
        if note not in told:
            sink(Message(f"{source.request.name}: {note}", "warning"))
    return notes


def _tell_of_doubtful_integers(data: ImageSet, source: DatasetSource, sink: Sink) -> None:
    """Warn where classes are called 0 to K - 1 and stand in another order, as that of their text.

    No label is out of range then, whether it is meant as a name or as a place.
    """
    names = data.class_names
    places = list(range(len(names)))
    meant = integer_names(names)
    if meant is None or sorted(meant) != places or [meant[place] for place in places] == places:
        return
    shown = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    sink(
        Message(
            f"{source.request.name}: its classes are called by integers and stand in another order "
            f"({shown}). Where samples are scored, a label that is an integer means the class of "
            "that name: who numbers classes by their places writes names[label], not label.",
            "warning",
        )
    )


def _report(source: DatasetSource, what: str, unit: str, sink: Sink) -> None:
    task = f"{source.request.name}: {what}"
    if isinstance(source, ReportsProgress):
        source.report_to(lambda done, total: sink(Progress(task, done, total, unit)))


def _hint(found: int, wanted: int) -> str:
    if found == wanted:
        return ""
    return (
        f"If these are all classes that are meant, write classes = {found} in the protocol's "
        "[data]; else give each of them a folder or a name of its own, and nothing else."
    )


def _problem(data: ImageSet, shape: ImageShape) -> str | None:
    images, labels, names = data.images, data.labels, data.class_names
    wanted = (shape.channels, shape.height, shape.width)
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
        return f"has images of type {getattr(images, 'dtype', type(images))}, not uint8"
    if images.ndim != 4 or images.shape[1:] != wanted:
        return f"has images of shape {list(images.shape)}, not [N, {', '.join(map(str, wanted))}]"
    if len(images) == 0:
        return "has no images"
    if not isinstance(labels, np.ndarray) or labels.dtype != np.int64:
        return f"has labels of type {getattr(labels, 'dtype', type(labels))}, not int64"
    if labels.shape != (len(images),):
        return f"has labels of shape {list(labels.shape)} for {len(images)} images"
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
        return f"has the class names {names!r:.80}, not a tuple of texts"
    if len(names) != shape.n_classes:
        listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
        return f"has {len(names)} classes ({listed}), but the benchmark says {shape.n_classes}"
    if len(set(names)) != len(names):
        return f"names two classes alike: {', '.join(names)}"
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= shape.n_classes:
        return f"has labels from {low} to {high}, outside 0..{shape.n_classes - 1}"
    return None
