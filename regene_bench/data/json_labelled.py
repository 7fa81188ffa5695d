"""A data set in the layout of StyleGAN and EDM: numbered images, and ``dataset.json`` beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.chunk_folders import are_padded
from regene_bench.data.class_folders import find_splits, notes_of
from regene_bench.data.class_names import in_natural_order
from regene_bench.data.dataset_json import (
    DATASET_JSON,
    JsonLabels,
    at_its_labels,
    has_label_list,
    read_dataset_json,
)
from regene_bench.data.image_listing import ImageListing
from regene_bench.data.metadata_labels import METADATA_FILES, metadata_file, read_metadata
from regene_bench.data.shapes import Split
from regene_bench.data.split_files import ImageFiles, files_of, held_out_by_hash
from regene_bench.data.split_folders import SplitNames
from regene_bench.data.zip_images import list_images


@dataclass(frozen=True)
class JsonLabelled:
    """A data set of images with labels in ``dataset.json``.

    Attributes:
        train: Files of the training split.
        test: Files of the held-out split.
        class_names: Names of the classes; None where labels are numbers.
        n_classes: How many classes the labels can tell apart; None if they do not say.
        files: All files on disk that are read, the labels among them.
        notes: What was left out.
    """

    train: ImageFiles
    test: ImageFiles
    class_names: tuple[str, ...] | None
    n_classes: int | None
    files: tuple[Path, ...]
    notes: tuple[str, ...]

    def split(self, split: Split) -> ImageFiles:
        return self.train if split == "train" else self.test

    def check(self, n_classes: int) -> None:
        """Check that there are as many classes as a benchmark has.

        Raises:
            DataError: There are more or fewer, or no labels where they are needed.
        """
        if self.n_classes in (None, n_classes):
            return
        where = self.files[0]
        if self.n_classes == 1:
            raise DataError(
                f"{where} says that the images have no labels; the benchmark has {n_classes} "
                "classes.",
                hint="Make it with labels, or use the images for a benchmark of one class.",
            )
        raise DataError(
            f"{where} tells {self.n_classes} classes apart; the benchmark has {n_classes}.",
            hint="Say the right number of classes in the protocol.",
        )


def find_json_labelled(
    folder: Path,
    *,
    test_fraction: float,
    only_with_splits: bool = False,
    wanted: SplitNames | None = None,
    label_column: str | None = None,
) -> JsonLabelled | None:
    """List a data set whose labels are in ``dataset.json``, or in ``metadata.csv`` or the like.

    Either one such file beside all images, of which ``split.hashed_test_mask`` takes the test
    split, or one in each of two split folders. Labels that are ``null`` make all images one class,
    unless they lie in folders of other names than ``00000``.

    Args:
        folder: The data set's folder, or a zip of it.
        test_fraction: Share of each class that is held out where there is no test folder.
        only_with_splits: Take only split folders for a data set.
        wanted: Names of the splits' folders, where they are not the usual ones.
        label_column: Column of labels in a ``metadata`` file; by default one of a usual name.

    Returns:
        None if there is no such file.

    Raises:
        DataError: The labels are no classes, or are missing for some images.
    """
    beside = [folder / name for name in (DATASET_JSON, *METADATA_FILES)]
    if wanted or (folder.is_dir() and not any(path.is_file() for path in beside)):
        splits = find_splits(folder, wanted, quiet=True)
        listings = [splits.train, splits.test] if splits else []
    else:
        listings = [] if only_with_splits else [at_its_labels(list_images(folder))]
        if listings and not _label_file(listings[0], label_column):
            splits = find_splits(folder, quiet=True)
            listings = [splits.train, splits.test] if splits else []
    names_of_files = [_label_file(listing, label_column) for listing in listings]
    if not listings or None in names_of_files:
        return None
    labels = [
        read_dataset_json(listing)
        if name == DATASET_JSON
        else read_metadata(listing, str(name), label_column)
        for listing, name in zip(listings, names_of_files, strict=True)
    ]
    if all(own is None for own in labels) and not all(map(_is_chunked, listings)):
        return None
    values, names = _numbered(listings, labels)
    if len(listings) == 1:
        train, test = held_out_by_hash(
            listings[0], list(listings[0].images), values[0].tolist(), test_fraction
        )
    else:
        train, test = (
            files_of(listing, list(listing.images), own.tolist())
            for listing, own in zip(listings, values, strict=True)
        )
    json_files = [
        listing.others[str(name)] for listing, name in zip(listings, names_of_files, strict=True)
    ]
    on_disk = [file for file in json_files if file.is_file()]
    files = tuple(dict.fromkeys((*on_disk, *train.files, *test.files)))
    notes = [
        note
        for listing, file, own in zip(listings, json_files, labels, strict=True)
        for note in notes_of(listing, [file], own.notes() if own else ())
    ]
    counts = {own.n_classes if own else 1 for own in labels}
    n_classes = counts.pop() if len(counts) == 1 else None
    return JsonLabelled(train, test, names, n_classes, files, tuple(notes))


def _label_file(listing: ImageListing, label_column: str | None) -> str | None:
    return DATASET_JSON if has_label_list(listing) else metadata_file(listing, label_column)


def _is_chunked(listing: ImageListing) -> bool:
    folders = listing.folders()
    return not folders or are_padded(folders)


def _numbered(
    listings: Sequence[ImageListing], labels: Sequence[JsonLabels | None]
) -> tuple[list[np.ndarray], tuple[str, ...] | None]:
    """Number the classes of all splits alike."""
    none = [np.zeros(len(listing.images), dtype=np.int64) for listing in listings]
    values = [own.values if own else zeros for own, zeros in zip(labels, none, strict=True)]
    named = [value.dtype.kind == "U" for value in values]
    if not any(named):
        return values, None
    if not all(named):
        raise DataError(
            f"{listings[0].place} and {listings[-1].place} have labels of different kinds.",
            hint="Give both numbers, or both names.",
        )
    names = in_natural_order({str(name) for value in values for name in value})
    number = {name: i for i, name in enumerate(names)}
    return [np.array([number[str(n)] for n in v], dtype=np.int64) for v in values], names
