"""One way in: whatever a path holds, as samples of the benchmark's shape."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError, UsageError
from regene_bench.data.decode import ProgressFn
from regene_bench.data.image_listing import list_folder
from regene_bench.data.shapes import ImageShape
from regene_bench.data.split_folders import role_of
from regene_bench.samples.array_files import read_array_file
from regene_bench.samples.arrays import images_of_array
from regene_bench.samples.collection import Samples
from regene_bench.samples.encoded import Pictures, decode_pictures
from regene_bench.samples.image_files import find_sample_files
from regene_bench.samples.label_files import SUFFIXES as LABEL_SUFFIXES
from regene_bench.samples.label_files import read_label_file
from regene_bench.samples.labelling import PathLabels, labels_of_array
from regene_bench.samples.parquet import list_parquet

_ARRAYS = (".npy", ".npz")


def read_samples(
    path: Path,
    shape: ImageShape,
    class_names: Sequence[str],
    *,
    labels: str = "",
    resize: bool = False,
    progress: ProgressFn | None = None,
) -> Samples:
    """Read images that another program made.

    A folder of images or of class folders, a zip of the same, a Parquet file or a folder of them,
    or a ``.npy`` or ``.npz`` of images.

    Args:
        path: The file or folder.
        shape: The benchmark's; images must have it (``resize`` apart).
        class_names: K names in label order.
        labels: A file of labels (``.npy``, ``.txt``, ``.csv``), or the name of a Parquet column
            or of an array in a ``.npz``. Without it, labels are class folders, or a column or an
            array of a usual name, or there are none.
        resize: Resize images of another size instead of refusing them.
        progress: Told how many images are done, and how many there are.

    Returns:
        The samples, all images in the order of file names, rows, or the first axis.

    Raises:
        DataError: There are no images, one is damaged, or sizes, colours or labels do not fit.
        UsageError: There is nothing at the path, or no such file of labels.
    """
    if not path.exists():
        raise UsageError(f"There is no file or folder {path}.")
    beside = labels_beside(labels)
    within = "" if beside else labels
    suffix = path.suffix.lower()
    if suffix in _ARRAYS:
        samples = _from_arrays(path, shape, class_names, within, resize=resize)
        names: list[str] = []
    elif parquets := _parquet_files(path):
        found, pictures = list_parquet(parquets, class_names, within)
        names = []
        samples = _decoded(path, found, pictures, shape, resize, progress)
    elif path.is_dir() or suffix == ".zip":
        if within:
            raise UsageError(
                f"There is no file {within} with labels.",
                hint="--labels names a .npy, .txt or .csv file here; class folders need none.",
            )
        files = find_sample_files(path, class_names)
        names = files.names
        own = PathLabels(None, used=(beside,)) if beside else files.labels(class_names)
        samples = _decoded(path, own.values, files.pictures(own.used), shape, resize, progress)
        samples = replace(samples, notes=own.notes + samples.notes)
    else:
        raise DataError(
            f"Cannot tell what {path} holds.",
            hint="Give a folder of images, or a file that ends in .zip, .npz, .npy or .parquet.",
        )
    if beside:
        return samples.labelled(read_label_file(beside, names, len(samples), class_names))
    return samples


def labels_beside(labels: str) -> Path | None:
    """Tell whether labels are meant to lie in a file: by its suffix."""
    path = Path(labels)
    if not labels or path.suffix.lower() not in LABEL_SUFFIXES:
        return None
    if not path.is_file():
        raise UsageError(f"There is no file {path} with labels.")
    return path


def _from_arrays(
    path: Path, shape: ImageShape, class_names: Sequence[str], label_name: str, *, resize: bool
) -> Samples:
    if label_name and path.suffix.lower() == ".npy":
        raise UsageError(
            f"There is no file {label_name} with labels.",
            hint="--labels names a .npy, .txt or .csv file here.",
        )
    file = read_array_file(path, label_name)
    images, resized_from = images_of_array(file.images, shape, str(path), resize=resize)
    samples = Samples(images, None, str(path), resized_from)
    if file.labels is None:
        return samples
    return samples.labelled(labels_of_array(file.labels, class_names, str(path)))


def _decoded(
    path: Path,
    labels: np.ndarray | None,
    pictures: Pictures,
    shape: ImageShape,
    resize: bool,
    progress: ProgressFn | None,
) -> Samples:
    decoded = decode_pictures(pictures, shape, resize=resize, progress=progress)
    notes = pictures.notes + decoded.notes
    return Samples(decoded.images, labels, str(path), decoded.resized_from, notes)


def _parquet_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".parquet" else []
    found = sorted(p for p in path.glob("*.parquet") if not p.name.startswith("."))
    if found and (images := list(list_folder(path).images)):
        raise DataError(
            f"{path} holds images ({images[0]}) and Parquet files ({found[0].name}).",
            hint="Which are meant? Put the others elsewhere.",
        )
    splits = {role: file for file in found if (role := role_of(re.split(r"[-.]", file.name)[0]))}
    if len(splits) > 1:
        some = ", ".join(file.name for file in splits.values())
        raise DataError(
            f"{path} holds several splits of a data set: {some}.",
            hint="Give the file that is meant, or put the files of one split into a folder of "
            "their own.",
        )
    return found
