"""One way in: whatever a path holds, as samples of the benchmark's shape."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError, UsageError
from regene_bench.data.decode import ProgressFn
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.archive import list_zip
from regene_bench.samples.array_files import read_array_file
from regene_bench.samples.arrays import images_of_array
from regene_bench.samples.collection import Samples
from regene_bench.samples.encoded import Pictures, decode_pictures
from regene_bench.samples.folder import list_folder, picture_names
from regene_bench.samples.label_files import SUFFIXES as LABEL_SUFFIXES
from regene_bench.samples.label_files import read_label_file
from regene_bench.samples.labelling import labels_of_array, labels_of_paths
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
        names, pictures = list_folder(path) if path.is_dir() else list_zip(path, class_names)
        found = labels_of_paths(names, class_names, str(path)) if not beside else None
        samples = _decoded(path, found, pictures, shape, resize, progress)
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
    if found and (pictures := picture_names(path)):
        raise DataError(
            f"{path} holds images ({pictures[0]}) and Parquet files ({found[0].name}).",
            hint="Which are meant? Put the others elsewhere.",
        )
    return found
