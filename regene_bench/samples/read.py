"""One way in: whatever a path holds, as samples of the benchmark's shape."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from regene_bench.base.errors import DataError, UsageError
from regene_bench.base.files import special_kind
from regene_bench.data.decode import ProgressFn
from regene_bench.data.image_listing import list_folder
from regene_bench.data.shapes import ImageShape
from regene_bench.data.shard_sets import check_shards
from regene_bench.data.split_folders import role_of
from regene_bench.samples.array_files import read_array_file
from regene_bench.samples.arrays import images_of_array
from regene_bench.samples.collection import NO_LABELS, Samples
from regene_bench.samples.encoded import Decoded, decode_pictures
from regene_bench.samples.image_files import find_sample_files
from regene_bench.samples.label_files import SUFFIXES as LABEL_SUFFIXES
from regene_bench.samples.label_files import read_label_file
from regene_bench.samples.labelling import PathLabels, labels_of_array, without_labels
from regene_bench.samples.parquet import list_parquet
from regene_bench.samples.tar_shards import find_tar_samples, find_tars
from regene_bench.samples.tensor_files import TENSOR_SUFFIXES, read_tensor_file

_ARRAYS = (".npy", ".npz")
_MOST_NAMES = 5


def read_samples(
    path: Path,
    shape: ImageShape,
    class_names: Sequence[str],
    *,
    labels: str | None = "",
    resize: bool = False,
    skip_bad: bool = False,
    progress: ProgressFn | None = None,
) -> Samples:
    """Read images that another program made.

    A folder of images or of class folders, a zip or tar of the same, WebDataset's tar shards, a
    Parquet file or a folder of them, or a ``.npy``, ``.npz``, ``.safetensors`` or ``.pt`` of
    images.

    Args:
        path: The file or folder.
        shape: The benchmark's; images must have it (``resize`` apart). With ``OWN_SHAPE`` they keep
            their own, which must be one.
        class_names: K names in label order.
        labels: A file of labels (``.npy``, ``.txt``, ``.csv``), or the name of a Parquet column,
            of an array or tensor, or of what lies beside images in a tar (``cls``, ``txt``, a field
            of ``json``). Without it, labels are class folders, or a column, array or member of a
            usual name, or there are none. ``"none"``: whatever looks like labels is not. None: they
            lie elsewhere and are not looked for.
        resize: Resize images of other sizes instead of refusing them.
        skip_bad: Leave out files that cannot be decoded, and name them, instead of refusing them.
        progress: Told how many images are done, and how many there are.

    Returns:
        The samples, all images in the order of file names, rows, or the first axis.

    Raises:
        DataError: There are no images, one is damaged, or sizes, colours or labels do not fit.
        UsageError: There is nothing at the path, or no such file of labels.
    """
    check_place(path)
    looked_for = labels is not None and labels != NO_LABELS
    beside = labels_beside(labels) if labels and looked_for else None
    within = labels if looked_for and not beside else None
    suffix = path.suffix.lower()
    if suffix in (*_ARRAYS, *TENSOR_SUFFIXES):
        samples = _from_arrays(path, shape, class_names, within, resize=resize)
        if beside:
            return samples.labelled(read_label_file(beside, [], len(samples), class_names))
        return samples
    names: list[str] = []
    found = PathLabels(None)
    if tars := find_tars(path):
        for tar in tars:
            check_place(tar)
        files, found = find_tar_samples(path, tars, class_names, within)
        names, pictures = files.names, files.pictures()
    elif parquets := _parquet_files(path):
        values, pictures = list_parquet(parquets, class_names, within)
        found = PathLabels(values)
    elif path.is_dir() or suffix == ".zip":
        if within:
            raise UsageError(
                f"There is no file {within} with labels.",
                hint="--labels names a .npy, .txt or .csv file here; class folders need none.",
            )
        files = find_sample_files(path, class_names, skip_bad=skip_bad)
        names = files.names
        if beside:
            found = PathLabels(None, used=(beside,))
        elif within is not None:
            found = files.labels(class_names)
        pictures = files.pictures(found.used)
    else:
        raise DataError(
            f"Cannot tell what {path} holds.",
            hint="Give a folder of images, or a file that ends in .zip, .tar, .parquet, .npz, "
            ".npy, .safetensors or .pt.",
        )
    values = read_label_file(beside, names, pictures.count, class_names) if beside else found.values
    decoded = decode_pictures(pictures, shape, resize=resize, skip_bad=skip_bad, progress=progress)
    samples = Samples(
        decoded.images,
        None,
        str(path),
        decoded.resized_from,
        (*found.notes, *pictures.notes, *_left_out_note(decoded, path), *decoded.notes),
        decoded.n_sizes,
        tuple(f"{one.name}: {one.reason}" for one in decoded.left_out),
        decoded.kept if decoded.left_out else None,
    )
    return samples if values is None else samples.labelled(values)


def check_place(path: Path) -> None:
    """Refuse a path that leads nowhere, or to what is no file and would be waited for.

    Raises:
        UsageError: There is nothing.
        DataError: There is a FIFO or a device.
    """
    try:
        kind = special_kind(path.stat())
    except (OSError, ValueError):
        raise UsageError(f"There is no file or folder {path}.") from None
    if kind:
        raise DataError(f"{path} is {kind}, not a file.", hint="Copy it to a file first.")


def labels_beside(labels: str) -> Path | None:
    """Tell whether labels are meant to lie in a file: by its suffix."""
    path = Path(labels)
    if not labels or path.suffix.lower() not in LABEL_SUFFIXES:
        return None
    if not path.exists():
        raise UsageError(f"There is no file {path} with labels.")
    check_place(path)
    return path


def _from_arrays(
    path: Path,
    shape: ImageShape,
    class_names: Sequence[str],
    label_name: str | None,
    *,
    resize: bool,
) -> Samples:
    if label_name and path.suffix.lower() == ".npy":
        raise UsageError(
            f"There is no file {label_name} with labels.",
            hint="--labels names a .npy, .txt or .csv file here.",
        )
    is_tensors = path.suffix.lower() in TENSOR_SUFFIXES
    file = (read_tensor_file if is_tensors else read_array_file)(path, label_name)
    images, resized_from = images_of_array(file.images, shape, str(path), resize=resize)
    samples = Samples(images, None, str(path), resized_from)
    if label_name is None:
        return samples
    if file.labels is None:
        kind = "tensor" if is_tensors else "array"
        return replace(samples, notes=without_labels(kind, file.others))
    return samples.labelled(labels_of_array(file.labels, class_names, str(path)))


def _left_out_note(decoded: Decoded, path: Path) -> list[str]:
    """Name what was left out, as it is called within the samples."""
    n, total = len(decoded.left_out), len(decoded.kept)
    if not n:
        return []
    shown = [
        one.name.replace(f"{path}{os.sep}", "")
        .removesuffix(f" in {path}")
        .removesuffix(f" of {path}")
        for one in decoded.left_out[:_MOST_NAMES]
    ]
    more = f" and {n - len(shown)} more" if n > len(shown) else ""
    return [f"{n} of {total} images left out, which cannot be decoded: {', '.join(shown)}{more}"]


def _parquet_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".parquet" else []
    found = sorted(p for p in path.glob("*.parquet") if not p.name.startswith("."))
    check_shards(found)
    if found and (images := list(list_folder(path).images)):
        raise DataError(
            f"{path} holds images ({images[0]}) and Parquet files ({found[0].name}).",
            hint="Which are meant? Put the others elsewhere.",
        )
    for file in found:
        check_place(file)
    splits = {role: file for file in found if (role := role_of(re.split(r"[-.]", file.name)[0]))}
    if len(splits) > 1:
        some = ", ".join(file.name for file in splits.values())
        raise DataError(
            f"{path} holds several splits of a data set: {some}.",
            hint="Give the file that is meant, or put the files of one split into a folder of "
            "their own.",
        )
    return found
