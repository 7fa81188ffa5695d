"""One way in: whatever a path holds, as samples of the benchmark's shape."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from regene_bench.base.errors import DataError, UsageError
from regene_bench.base.files import special_kind
from regene_bench.data.decode import ProgressFn
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.array_samples import ARRAY_SUFFIXES, read_arrays
from regene_bench.samples.collection import Samples
from regene_bench.samples.encoded import Decoded, decode_pictures
from regene_bench.samples.image_files import find_sample_files
from regene_bench.samples.label_files import SUFFIXES as LABEL_SUFFIXES
from regene_bench.samples.label_files import read_label_file
from regene_bench.samples.labelling import PathLabels
from regene_bench.samples.parquet import list_parquet
from regene_bench.samples.sources import NO_LABELS
from regene_bench.samples.table_files import table_files
from regene_bench.samples.tar_shards import find_tar_samples, find_tars

_MOST_NAMES = 5


def read_samples(
    path: Path,
    shape: ImageShape,
    class_names: Sequence[str],
    *,
    labels: str | None = "",
    resize: bool = False,
    skip_bad: bool = False,
    split: str = "",
    image_column: str = "",
    progress: ProgressFn | None = None,
) -> Samples:
    """Read images that another program made.

    A folder of images or of class folders, a zip or tar of the same, WebDataset's tar shards, a
    Parquet file or a folder of them, a folder of ``datasets.save_to_disk``, a ``.npy``, ``.npz``,
    ``.safetensors`` or ``.pt`` of images, or a ``.csv`` with a column a pixel.

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
        split: Read only this split of several: the folder ``train`` or ``Testing`` of a folder or
            zip, the files ``validation-*`` of a folder of Parquet files, the arrays ``x_test`` or
            ``test_images`` of a ``.npz``.
        image_column: Column of the images in Parquet files; by default ``image`` or ``img``.
        progress: Told how many images are done, and how many there are.

    Returns:
        The samples, all images in the order of file names, rows, or the first axis.

    Raises:
        DataError: There are no images, one is damaged, or sizes, colours or labels do not fit.
        UsageError: There is nothing at the path, no such file of labels or no such split, or the
            samples have no splits or no columns.
    """
    check_place(path)
    looked_for = labels is not None and labels != NO_LABELS
    beside = labels_beside(labels) if labels and looked_for else None
    within = labels if looked_for and not beside else None
    suffix = path.suffix.lower()
    if suffix in ARRAY_SUFFIXES:
        check_no_columns(path, image_column)
        samples = read_arrays(path, shape, class_names, within, resize=resize, split=split)
        if beside:
            return samples.labelled(read_label_file(beside, [], len(samples), class_names))
        return samples
    names: list[str] = []
    found = PathLabels(None)
    if tars := find_tars(path, split):
        check_no_columns(path, image_column)
        for tar in tars:
            check_place(tar)
        files, found = find_tar_samples(path, tars, class_names, within)
        names, pictures = files.names, files.pictures()
    elif tables := table_files(path, split):
        values, pictures = list_parquet(tables, class_names, within, image_column)
        found = PathLabels(values)
    elif path.is_dir() or suffix == ".zip":
        check_no_columns(path, image_column)
        if within:
            raise UsageError(
                f"There is no file {within} with labels.",
                hint="--labels names a .npy, .txt or .csv file here; class folders need none.",
            )
        files = find_sample_files(path, class_names, skip_bad=skip_bad, split=split)
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
            ".npy, .safetensors, .pt or .csv.",
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


def check_no_columns(where: Path | str, image_column: str) -> None:
    """Refuse the name of a column for samples that have none.

    Raises:
        UsageError: One is given.
    """
    if image_column:
        raise UsageError(
            f"{where} has no columns, and --image-column names {image_column!r}.",
            hint="Leave --image-column out; Parquet files have columns.",
        )


def labels_beside(labels: str) -> Path | None:
    """Tell whether labels are meant to lie in a file: by its suffix."""
    path = Path(labels)
    if not labels or path.suffix.lower() not in LABEL_SUFFIXES:
        return None
    if not path.exists():
        raise UsageError(f"There is no file {path} with labels.")
    check_place(path)
    return path


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
