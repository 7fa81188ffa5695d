"""Samples in a file of arrays: NumPy's, torch's, safetensors, or a table with a column a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from regene_bench.base.errors import UsageError
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.array_files import read_array_file
from regene_bench.samples.arrays import images_of_array
from regene_bench.samples.collection import Samples
from regene_bench.samples.labelling import without_labels
from regene_bench.samples.own_names import number_labels
from regene_bench.samples.pixel_rows import read_pixel_rows
from regene_bench.samples.splits import no_splits
from regene_bench.samples.tensor_files import TENSOR_SUFFIXES, read_tensor_file

ARRAY_SUFFIXES: Final = (".npy", ".npz", ".csv", *TENSOR_SUFFIXES)


def read_arrays(
    path: Path,
    shape: ImageShape,
    class_names: Sequence[str],
    label_name: str | None,
    *,
    resize: bool,
    split: str,
) -> Samples:
    """Read a file of arrays or tensors, or a table of pixels.

    Args:
        path: A ``.npy``, ``.npz``, ``.safetensors``, ``.pt`` or ``.csv``.
        shape: The benchmark's, or ``OWN_SHAPE``.
        class_names: K names in label order.
        label_name: What the labels are called within; empty for one of the usual names, None where
            they are not looked for.
        resize: Resize images of other sizes instead of refusing them.
        split: Read only this split of several in a ``.npz``.

    Raises:
        DataError: The file is damaged, or images or labels do not fit.
        UsageError: There is no such split, or no such file of labels.
    """
    if path.suffix.lower() == ".csv":
        if split:
            raise no_splits(path)
        pixels, values = read_pixel_rows(path, shape, class_names, label_name)
        images, resized_from = images_of_array(pixels, shape, str(path), resize=resize)
        samples = Samples(images, None, str(path), resized_from)
        return samples if values is None else samples.labelled(values)
    if label_name and path.suffix.lower() == ".npy":
        raise UsageError(
            f"There is no file {label_name} with labels.",
            hint="--labels names a .npy, .txt or .csv file here.",
        )
    is_tensors = path.suffix.lower() in TENSOR_SUFFIXES
    if is_tensors and split:
        raise no_splits(path)
    file = (
        read_tensor_file(path, label_name)
        if is_tensors
        else read_array_file(path, label_name, split)
    )
    images, resized_from = images_of_array(file.images, shape, str(path), resize=resize)
    samples = Samples(images, None, str(path), resized_from)
    if label_name is None:
        return samples
    if file.labels is None:
        kind = "tensor" if is_tensors else "array"
        return replace(samples, notes=without_labels(kind, file.others))
    return samples.labelled(number_labels(file.labels, file.class_names, class_names, str(path)))
