"""Images as files in folders, one folder a class."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.chunk_folders import are_padded, reading_of
from regene_bench.data.class_names import in_natural_order
from regene_bench.data.dataset_json import DATASET_JSON
from regene_bench.data.decode import open_image
from regene_bench.data.frames import (
    animation_note,
    each_page,
    frames_left_out,
    may_be_animated,
    may_be_stack,
    pages_of,
)
from regene_bench.data.image_listing import ImageListing, is_visible, list_folder
from regene_bench.data.records import Block, Records, in_blocks
from regene_bench.data.shapes import Split
from regene_bench.data.split import hash_order, hashed_test_mask
from regene_bench.data.split_folders import role_of, train_and_test
from regene_bench.data.zip_images import list_images, list_zip


@dataclass(frozen=True)
class ImageFiles:
    """Image files of one split.

    Attributes:
        paths: N files, ordered by the hash of their path relative to the data set, so that any
            prefix is an unbiased sample.
        labels: int64 ``[N]``.
        listing: Where they are read from; None for files that are read as they are.
    """

    paths: tuple[Path, ...]
    labels: np.ndarray
    listing: ImageListing | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files on disk that are read: the images, or the zip that holds them."""
        if self.listing is None or self.listing.archive is None:
            return self.paths
        return (self.listing.archive,)


@dataclass(frozen=True)
class SplitListings:
    """The images of a data set's split folders.

    Attributes:
        train: What is in the folder to train on.
        test: What is in the folder that is held out.
        notes: What is in neither.
    """

    train: ImageListing
    test: ImageListing
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassFolders:
    """A data set of image files.

    Attributes:
        train: Files of the training split.
        test: Files of the held-out split.
        class_names: Names of the classes; the label of a file is its class's place here.
        notes: What was left out.
    """

    train: ImageFiles
    test: ImageFiles
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def split(self, split: Split) -> ImageFiles:
        return self.train if split == "train" else self.test

    @property
    def files(self) -> tuple[Path, ...]:
        """All files on disk that are read."""
        return tuple(dict.fromkeys(self.train.files + self.test.files))


def find_class_folders(
    folder: Path, *, test_fraction: float, only_with_splits: bool = False
) -> ClassFolders | None:
    """List a data set of class folders.

    Either ``train/<class>/…`` and ``test/<class>/…`` in one of the usual spellings
    (``split_folders.role_of``), or only ``<class>/…``, from which ``split.hashed_test_mask`` takes
    the test split. Images may lie at any depth below their class; links are followed, hidden files
    and folders are left out. Classes are in natural order (``2`` before ``10``), their names in
    Unicode's composed form.

    Args:
        folder: The data set's folder, or a zip of it.
        test_fraction: Share of each class that is held out where there is no test folder.
        only_with_splits: Do not take bare ``<class>`` folders for a data set.

    Returns:
        None if there are no class folders with images.

    Raises:
        DataError: The test folder has a class that the train folder lacks, or folders are splits
            or chunks of a data set and no classes.
    """
    halves = find_splits(folder, quiet=only_with_splits)
    if halves:
        return _of_splits(halves)
    if only_with_splits:
        return None
    listing = unwrapped(list_images(folder))
    labelled = _by_class(listing)
    names = _class_names(labelled)
    if not names:
        return None
    numbers = [names.index(label) for label in labelled.values()]
    train, test = held_out_by_hash(listing, list(labelled), numbers, test_fraction)
    return ClassFolders(train, test, names, notes_of(listing, more=_loose(listing, labelled)))


def find_one_class(folder: Path, *, test_fraction: float) -> ClassFolders | None:
    """List a folder, or a zip, all of whose images, at any depth, are one class.

    ``train`` and ``test`` folders are its splits; otherwise a part is held out by hash.

    Returns:
        None if there is no image.
    """
    halves = find_splits(folder)
    if halves:
        train, test = (
            files_of(half, list(half.images), [0] * len(half.images))
            for half in (halves.train, halves.test)
        )
        notes = notes_of(halves.train) + notes_of(halves.test)
        return ClassFolders(train, test, (folder.name,), notes) if train.paths else None
    listing = list_images(folder)
    if not listing.images:
        return None
    labels = [0] * len(listing.images)
    train, test = held_out_by_hash(listing, list(listing.images), labels, test_fraction)
    return ClassFolders(train, test, (folder.name,), notes_of(listing))


def find_splits(place: Path, *, quiet: bool = False) -> SplitListings | None:
    """List the train and the test split of a folder or a zip, if both are there.

    Args:
        place: The folder or the zip.
        quiet: Do not refuse folders that are called like splits and are none.

    Raises:
        DataError: It is not clear which folder is which split, or one of them is missing.
    """
    zipped = None if place.is_dir() else unwrapped(list_zip(place))
    if zipped is None:
        names = [entry.name for entry in place.iterdir() if entry.is_dir()]
        names = [name for name in names if is_visible(name)]
    else:
        names = zipped.folders()
    try:
        pair = train_and_test(names, place)
    except DataError:
        if quiet or not any(list_images(place).images):
            return None
        raise
    if pair is None:
        return None

    def listed(name: str) -> ImageListing:
        return _inner(list_folder(place / name) if zipped is None else zipped.below(name))

    splits = SplitListings(listed(pair[0]), listed(pair[1]))
    known = [name for name in names if role_of(name) != "test"]
    if not _is_flat(splits.test) or _is_flat(splits.train) or len(known) < 2:
        return splits
    # held-out images whose labels nobody tells: images for validation may have some
    other = train_and_test(known, place)
    if other is None:
        return splits
    note = f"{splits.test.place}: unlabelled images, left out: {len(splits.test.images)}"
    return SplitListings(splits.train, listed(other[1]), (note,))


def _is_flat(listing: ImageListing) -> bool:
    return not listing.folders() and DATASET_JSON not in listing.others


def unwrapped(listing: ImageListing) -> ImageListing:
    """Leave out folders of a zip that hold everything else; a folder is listed as it is."""
    while listing.archive is not None:
        heads = {name.split("/")[0] if name.count("/") > 1 else "" for name in listing.images}
        (head,) = heads if len(heads) == 1 else ("",)
        if not head:
            break
        listing = listing.below(head)
    return listing


def held_out_by_hash(
    listing: ImageListing, names: Sequence[str], labels: Sequence[int], test_fraction: float
) -> tuple[ImageFiles, ImageFiles]:
    """Divide images into the files to train on and those that ``hashed_test_mask`` holds out.

    Args:
        listing: Where they are.
        names: N names of the listing.
        labels: N numbers of classes.
        test_fraction: In (0, 1).
    """
    everything = files_of(listing, names, labels)
    keys = [names[i] for i in hash_order(names)]
    mask = hashed_test_mask(keys, everything.labels, test_fraction)
    return _take(everything, ~mask), _take(everything, mask)


def files_of(listing: ImageListing, names: Sequence[str], labels: Sequence[int]) -> ImageFiles:
    """Gather images of a listing into one split, in the order of the hashes of their names.

    Args:
        listing: Where they are.
        names: N names of the listing.
        labels: N numbers of classes.
    """
    order = hash_order(names)
    paths = tuple(listing.images[names[i]] for i in order)
    return ImageFiles(paths, np.array(labels, dtype=np.int64)[order], listing)


def image_records(files: ImageFiles, limit: int | None = None) -> Records:
    """List the images of a split for ``decode_records`` or ``decode_mixed``.

    Every page of a TIFF stack is an image; of an animation the first frame is.

    Args:
        files: The files.
        limit: List at most so many images, an unbiased sample.
    """
    paths = files.paths
    pages: list[tuple[int, ...]] = [(0,)] * len(paths)
    for i, path in enumerate(paths):
        if may_be_stack(path):
            ((_, item),) = _items(files, [path])
            pages[i] = pages_of(item)
    if all(own == (0,) for own in pages):
        return _plain_records(first_files(files, limit))
    owners = np.repeat(np.arange(len(paths)), [len(own) for own in pages])
    order = hash_order([f"{owner}:{i}" for i, owner in enumerate(owners)])[:limit]
    places = np.full(len(owners), -1)
    places[order] = np.arange(len(order))
    return Records(files.labels[owners[order]], lambda: _page_blocks(files, pages, places))


def animations_in(files: ImageFiles) -> tuple[str, ...]:
    """Say in at most one sentence how many frames of animations are left out of a split."""
    found = []
    for name, item in _items(files, [path for path in files.paths if may_be_animated(path)]):
        # what cannot be read is named where it is decoded
        with contextlib.suppress(OSError), open_image(item) as image:
            if n := frames_left_out(image):
                found.append((name, n))
    return animation_note(found)


def first_files(files: ImageFiles, limit: int | None) -> ImageFiles:
    """Return at most ``limit`` files of a split: an unbiased sample, the same everywhere."""
    if limit is None:
        return files
    return ImageFiles(files.paths[:limit], files.labels[:limit], files.listing)


def notes_of(
    listing: ImageListing, used: Sequence[Path] = (), more: Sequence[str] = ()
) -> tuple[str, ...]:
    """Say of which place what is left out.

    Args:
        listing: The place.
        used: Files that were read for something else than images.
        more: Further notes.
    """
    return tuple(f"{listing.place}: {note}" for note in (*listing.left_out(used), *more))


def _loose(listing: ImageListing, labelled: Mapping[str, str]) -> list[str]:
    n = len(listing.images) - len(labelled)
    return [f"images in no class folder, left out: {n}"] if n else []


def _of_splits(splits: SplitListings) -> ClassFolders | None:
    train, test = splits.train, splits.test
    labelled, held_out = _by_class(train), _by_class(test)
    names = _class_names(labelled)
    extra = sorted(set(_class_names(held_out)) - set(names))
    if extra:
        raise DataError(f"{test.place} has classes that {train.place} has not: {', '.join(extra)}.")
    if not names:
        return None
    if not held_out and test.images:
        raise DataError(
            f"{test.place} has images, but no class folders as {train.place} has.",
            hint=f"Put them into class folders, or name {train.place} as the data set: then a part "
            "of it is held out.",
        )
    train_files, test_files = (
        files_of(listing, list(found), [names.index(label) for label in found.values()])
        for listing, found in ((train, labelled), (test, held_out))
    )
    notes = tuple(
        note
        for listing, found in ((train, labelled), (test, held_out))
        for note in notes_of(listing, more=_loose(listing, found))
    )
    return ClassFolders(train_files, test_files, names, notes + splits.notes)


def _by_class(listing: ImageListing) -> dict[str, str]:
    """Map the names of all images that lie in a folder to that folder."""
    inside = {name: name.split("/", 1)[0] for name in listing.images if "/" in name}
    folders = _class_names(inside)
    if folders and are_padded(folders):
        reading = reading_of(list(inside), len(folders))
        if reading != "classes":
            raise _no_classes(listing.place, folders, doubtful=reading == "either")
    return inside


def _class_names(labelled: Mapping[str, str]) -> tuple[str, ...]:
    return in_natural_order(set(labelled.values()))


def _no_classes(place: Path, folders: Sequence[str], *, doubtful: bool) -> DataError:
    shown = ", ".join(folders[:3]) + (", …" if len(folders) > 3 else "")
    if doubtful:
        return DataError(
            f"The folders {shown} of {place} may be classes, or chunks of one numbered set of "
            "images.",
            hint="If they are classes, call them by names, or by numbers without zeros in front. "
            "If they are chunks, put a dataset.json with the labels beside them.",
        )
    return DataError(
        f"The folders {shown} of {place} are chunks of one numbered set of images, not classes.",
        hint="Put a dataset.json with the labels beside them, or the images into class folders. "
        "If all images are one class, name the folder in [[data.options.classes]].",
    )


def _inner(listing: ImageListing) -> ImageListing:
    """Skip a split's folder within itself: ``seg_train/seg_train/<class>``."""
    while len(names := listing.folders()) == 1 and role_of(names[0]):
        listing = listing.below(names[0])
    return listing


def _take(files: ImageFiles, mask: np.ndarray) -> ImageFiles:
    chosen = np.flatnonzero(mask)
    paths = tuple(files.paths[i] for i in chosen)
    return ImageFiles(paths, files.labels[chosen], files.listing)


def _items(files: ImageFiles, paths: Sequence[Path]) -> Iterator[tuple[str, Path | bytes]]:
    if files.listing is None:
        return ((str(path), path) for path in paths)
    return files.listing.read(paths)


def _plain_records(files: ImageFiles) -> Records:
    paths = files.paths

    def blocks() -> Iterator[Block]:
        if files.listing is not None and files.listing.archive is not None:
            yield from in_blocks(_items(files, paths))
        else:
            yield Block(np.arange(len(paths)), paths, lambda i: str(paths[i]))

    return Records(files.labels, blocks)


def _page_blocks(
    files: ImageFiles, pages: Sequence[Sequence[int]], places: np.ndarray
) -> Iterator[Block]:
    """Read stacks one after the other, whatever places their pages have in the split."""
    for block in in_blocks(each_page(_items(files, files.paths), pages)):
        own = places[block.positions]
        kept = np.flatnonzero(own >= 0)
        items = [block.items[int(i)] for i in kept]
        yield Block(own[kept], items, _names_in(block, kept))


def _names_in(block: Block, kept: np.ndarray) -> Callable[[int], str]:
    return lambda i: block.name_of(int(kept[i]))
