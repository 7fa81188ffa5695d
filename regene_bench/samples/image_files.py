"""Samples as image files, in a folder or a zip: beside each other, or in a folder a class."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.dataset_json import (
    DATASET_JSON,
    at_its_labels,
    has_label_list,
    read_dataset_json,
)
from regene_bench.data.frames import each_page, may_be_stack, pages_of
from regene_bench.data.image_listing import IMAGE_SUFFIXES, ImageListing
from regene_bench.data.metadata_labels import METADATA_FILES, metadata_file, read_metadata
from regene_bench.data.records import in_blocks
from regene_bench.data.tar_files import is_tar_name
from regene_bench.data.zip_images import list_images
from regene_bench.samples.encoded import Pictures
from regene_bench.samples.labelling import (
    PathLabels,
    are_class_names,
    labels_of_array,
    labels_of_paths,
)
from regene_bench.samples.splits import images_of_split

_READABLE = (".npz", ".npy", ".zip", ".parquet", ".safetensors", ".pt", ".pth", ".csv")


@dataclass(frozen=True)
class SampleFiles:
    """Image files that were found, before any is decoded.

    Attributes:
        listing: The files.
        pages: For each file, which of its pages are images: several in a TIFF stack.
    """

    listing: ImageListing
    pages: tuple[tuple[int, ...], ...]

    @property
    def names(self) -> list[str]:
        """The name of each image's file, N in all; pages of one file have one name."""
        return [
            name for name, own in zip(self.listing.images, self.pages, strict=True) for _ in own
        ]

    def pictures(self, used: Collection[Path] = ()) -> Pictures:
        """List the images for decoding, with a note on the files that are left out.

        Args:
            used: Files that were read for something else, such as labels.
        """
        paths = list(self.listing.images.values())
        notes = list(self.listing.left_out(used))
        stacks = [own for own in self.pages if len(own) > 1]
        if stacks:
            notes.append(f"{sum(map(len, stacks))} images are pages of {len(stacks)} TIFF files")
        return Pictures(
            sum(map(len, self.pages)),
            lambda: in_blocks(each_page(self.listing.read(paths), self.pages)),
            tuple(notes),
        )

    def labels(self, class_names: Sequence[str]) -> PathLabels:
        """Read the labels, from ``dataset.json`` or else from the folders that the images lie in.

        Args:
            class_names: K names in label order.

        Raises:
            DataError: They are not the benchmark's, or it is not clear what the folders are.
        """
        where, names = str(self.listing.place), list(self.listing.images)
        if has_label_list(self.listing):
            found = _labels_of_json(self.listing, class_names)
        elif metadata := metadata_file(self.listing):
            given = read_metadata(self.listing, metadata)
            path = self.listing.others[metadata]
            labels = labels_of_array(given.values, class_names, str(path))
            found = PathLabels(labels, given.notes(), (path,))
        else:
            found = labels_of_paths(names, class_names, where)
        if found.values is None:
            return found
        counts = [len(own) for own in self.pages]
        return PathLabels(np.repeat(found.values, counts), found.notes, found.used)


def find_sample_files(
    place: Path, class_names: Sequence[str], *, skip_bad: bool = False, split: str = ""
) -> SampleFiles:
    """List the images below a folder or in a zip, in the order of their names.

    Hidden files and folders, and files that are no images by their suffix, are left out. Folders
    that hold everything else (``samples/…``) do not count as classes: of a zip in any case, of a
    folder where there are folders in them.

    Args:
        place: The folder or the zip.
        class_names: The benchmark's, to tell a class from a folder around all of them.
        skip_bad: Take a zip also with damaged images, which then cannot be decoded.
        split: Take only the images in the folder of this split.

    Raises:
        DataError: There is no image, or the zip is damaged, encrypted or declares sizes that
            cannot be.
        UsageError: There is no such split.
    """
    listing = list_images(place, skip_bad=skip_bad)
    if not listing.images:
        raise _no_images(place, list(listing.others))
    if split:
        listing = images_of_split(listing, split, class_names)
    return with_pages(_without_wrapping(at_its_labels(listing), class_names))


def with_pages(listing: ImageListing) -> SampleFiles:
    """Find out which pages of the files are images.

    Raises:
        DataError: An archive that holds them is damaged.
    """
    stacks = [(i, path) for i, path in enumerate(listing.images.values()) if may_be_stack(path)]
    pages: list[tuple[int, ...]] = [(0,)] * len(listing.images)
    read = listing.read([path for _, path in stacks])
    for (i, _), (_, item) in zip(stacks, read, strict=True):
        pages[i] = pages_of(item)
    return SampleFiles(listing, tuple(pages))


def without_wrapping(names: Sequence[str], class_names: Sequence[str]) -> list[str]:
    """Take folders off names that lie around all images and are no class.

    Args:
        names: N paths of images with ``/``.
        class_names: The benchmark's.
    """
    names = list(names)
    while head := _wrapping(names, class_names):
        names = [name[len(head) + 1 :] for name in names]
    return names


def _labels_of_json(listing: ImageListing, class_names: Sequence[str]) -> PathLabels:
    path = listing.others[DATASET_JSON]
    given = read_dataset_json(listing)
    if given is None:
        if are_class_names(listing.folders(), class_names):
            found = labels_of_paths(list(listing.images), class_names, str(listing.place))
            return PathLabels(found.values, found.notes, (path,))
        return PathLabels(None, (f"unlabelled, as {DATASET_JSON} says (null)",), (path,))
    if given.n_classes not in (None, len(class_names)):
        raise DataError(
            f"{path} has one-hot labels of {given.n_classes} classes; the benchmark has "
            f"{len(class_names)}.",
            hint="Score them against the benchmark that they were made for.",
        )
    # a place in a one-hot vector is the place of a class, whatever classes are called
    labels = (
        labels_of_array(given.values, class_names, str(path))
        if given.n_classes is None
        else given.values
    )
    return PathLabels(labels, given.notes(), (path,))


def _without_wrapping(listing: ImageListing, class_names: Sequence[str]) -> ImageListing:
    while listing.others.keys().isdisjoint((DATASET_JSON, *METADATA_FILES)):
        names = list(listing.images)
        head = _wrapping(names, class_names)
        # a folder of a folder of images is rather a class whose name is misspelt
        if not head or (listing.archive is None and _are_beside(names)):
            break
        listing = listing.below(head)
    return listing


def _are_beside(names: Sequence[str]) -> bool:
    """Tell whether all images lie right in a folder, with none between."""
    return all(name.count("/") == 1 for name in names)


def _wrapping(names: Sequence[str], class_names: Sequence[str]) -> str:
    """The one folder that all images lie in, unless it may be a class; else empty."""
    heads = {name.split("/", 1)[0] if "/" in name else "" for name in names}
    (head,) = heads if len(heads) == 1 else ("",)
    if not head or are_class_names([head], class_names):
        return ""
    if head.isdigit() and _are_beside(names):
        return ""
    return head


def _no_images(where: Path, others: Sequence[str]) -> DataError:
    """Make the error for a place without images, with a word on what is there instead."""
    readable = [name for name in others if name.endswith(_READABLE)]
    kinds = ", ".join(sorted(IMAGE_SUFFIXES))
    tars = [name for name in others if is_tar_name(name)]
    if readable:
        hint = f"Give the file {readable[0]} itself."
    elif tars:
        hint = f"Give the folder of the tars itself: {(where / tars[0]).parent}."
    else:
        hint = f"Images end in {kinds}."
    return DataError(f"{where} holds no image.", hint=hint)
