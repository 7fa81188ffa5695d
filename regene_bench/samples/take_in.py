"""What a user hands over to be scored, a path or an object, as samples of the benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from regene_bench.base.errors import DataError, UsageError
from regene_bench.data.shapes import ImageShape
from regene_bench.runtime.runtime import Runtime
from regene_bench.samples.arrays import as_array, images_of_array
from regene_bench.samples.batches import stream_of
from regene_bench.samples.collection import Samples
from regene_bench.samples.labelling import labels_of_array
from regene_bench.samples.read import read_samples
from regene_bench.samples.sources import ARRAY, NO_LABELS, TENSOR
from regene_bench.samples.streamed import TellFn, read_stream

_LABELS = "the argument labels"


def take_in(
    samples: Any,
    labels: Any,
    shape: ImageShape,
    class_names: Sequence[str],
    runtime: Runtime,
    *,
    resize: bool,
    skip_bad: bool,
    split: str = "",
    image_column: str = "",
) -> Samples:
    """Read samples and their labels; arguments as of ``score.score``.

    Args:
        samples: A path, an array, or what ``batches.stream_of`` takes.
        labels: Labels, the name of some, ``"none"``, or None.
        shape: The benchmark's, or ``OWN_SHAPE``.
        class_names: K names in label order.
        runtime: Is told the progress, and looks for a stop between batches.
        resize: Resize images of other sizes.
        skip_bad: Leave out files that cannot be decoded.
        split: Which of several splits of a path.
        image_column: Column of the images in files that have columns.

    Raises:
        DataError: They do not fit.
        UsageError: There is no such place, or labels are given twice.
        Interrupted: A stop was asked for.
    """

    def tell(done: int, total: int | None) -> None:
        runtime.stop.check()
        runtime.progress("reading", done, total)

    by_name = isinstance(labels, str | Path)
    if isinstance(samples, str | Path):
        found = read_samples(
            Path(samples),
            shape,
            class_names,
            labels=str(labels) if by_name else "" if labels is None else None,
            resize=resize,
            skip_bad=skip_bad,
            split=split,
            image_column=image_column,
            progress=tell,
        )
    else:
        if by_name and str(labels) != NO_LABELS:
            raise UsageError(
                f"labels={labels!r} is a name, but the samples are no file.",
                hint="Give the labels themselves, one an image.",
            )
        found = read_object(
            samples,
            shape,
            class_names,
            with_labels=not by_name,
            resize=resize,
            progress=tell,
        )
        if found.labels is not None and labels is not None:
            raise UsageError(
                f"Labels are given twice: by labels=, and in {found.source}.",
                hint="Leave out labels=, or give the images alone.",
            )
    if labels is None or by_name:
        return found
    return found.labelled(labels_of_array(as_array(labels, _LABELS), class_names, _LABELS))


def read_object(
    samples: Any,
    shape: ImageShape,
    class_names: Sequence[str],
    *,
    with_labels: bool = True,
    resize: bool = False,
    progress: TellFn | None = None,
) -> Samples:
    """Read samples that are in memory, or come from an iterator.

    Args:
        samples: An array or a tensor, or what ``batches.stream_of`` takes.
        shape: The benchmark's, or ``OWN_SHAPE``.
        class_names: K names in label order.
        with_labels: Read the labels that come along.
        resize: Resize images of other sizes instead of refusing them.
        progress: Told how many images are done, and how many there are if that is known.

    Raises:
        DataError: There are no images, or images or labels do not fit.
    """
    stream = stream_of(samples, shape.channels)
    if stream is not None:
        return read_stream(
            stream,
            shape,
            class_names,
            with_labels=with_labels,
            resize=resize,
            progress=progress,
        )
    where = TENSOR if isinstance(samples, torch.Tensor) else ARRAY
    images, resized_from = images_of_array(_as_array(samples), shape, where, resize=resize)
    return Samples(images, None, where, resized_from)


def _as_array(samples: Any) -> Any:
    """View what may be an array as one; what NumPy cannot make one of, or only of objects, is none.

    Raises:
        DataError: It is none.
    """
    if isinstance(samples, torch.Tensor):
        return samples
    try:
        array = np.asarray(samples)
    except (ValueError, TypeError):
        array = None
    if array is None or array.dtype.kind in "OUSV":
        raise DataError(
            f"An object of type {type(samples).__name__} is no images.",
            hint="Give a path, an array or tensor, a list of images, a data set, a data loader, or "
            "an iterator of batches.",
        )
    return array
