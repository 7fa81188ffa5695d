"""Images as files in folders, one folder a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from regene_bench.base.errors import DataError
from regene_bench.data.chunk_folders import are_padded, reading_of
from regene_bench.data.class_names import in_natural_order
from regene_bench.data.dataset_json import DATASET_JSON
from regene_bench.data.image_listing import ImageListing, is_visible, list_folder
from regene_bench.data.shapes import Split
from regene_bench.data.split_files import ImageFiles, files_of, held_out_by_hash
from regene_bench.data.split_folders import SplitNames, named_pair, role_of, train_and_test
from regene_bench.data.zip_images import list_images, list_zip


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
    folder: Path,
    *,
    test_fraction: float,
    only_with_splits: bool = False,
    wanted: SplitNames | None = None,
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
        wanted: Names of the splits' folders, where they are not the usual ones.

    Returns:
        None if there are no class folders with images.

    Raises:
        DataError: The test folder has a class that the train folder lacks, or folders are splits
            or chunks of a data set and no classes.
    """
    halves = find_splits(folder, wanted, quiet=only_with_splits)
    if halves:
        return _of_splits(halves)
    if only_with_splits:
        return None
    listing = unwrapped(list_images(folder))
    labelled = _by_class(listing)
    names = _class_names(labelled)
    if not names:
        return None
    train, test = held_out_by_hash(
        listing, list(labelled), _numbers(labelled, names), test_fraction
    )
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


def find_splits(
    place: Path, wanted: SplitNames | None = None, *, quiet: bool = False
) -> SplitListings | None:
    """List the train and the test split of a folder or a zip, if both are there.

    Args:
        place: The folder or the zip.
        wanted: What they are called, where they are called so.
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

    def listed(name: str) -> ImageListing:
        return innermost(list_folder(place / name) if zipped is None else zipped.below(name))

    if wanted:
        train, test = _named(wanted, names, place)
        return SplitListings(listed(train), listed(test))
    try:
        pair = train_and_test(names, place)
    except DataError:
        if quiet or not any(list_images(place).images):
            return None
        raise
    if pair is None:
        return None

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


def _named(wanted: SplitNames, names: Sequence[str], place: Path) -> tuple[str, str]:
    train, held_out = named_pair(wanted, sorted(names), place)
    if not held_out:
        raise DataError(
            f"{place} has no split to test on beside {train}.",
            hint=f"Name one as test in the protocol's [data]. Or name {place / train} as the data "
            "set, without train = …: then a part of it is held out.",
        )
    return train, held_out[0]


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


def innermost(listing: ImageListing) -> ImageListing:
    """Skip a split's folder within itself: ``seg_train/seg_train/<class>``."""
    while len(names := listing.folders()) == 1 and role_of(names[0]):
        listing = listing.below(names[0])
    return listing


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
        files_of(listing, list(found), _numbers(found, names))
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


def _numbers(labelled: Mapping[str, str], names: Sequence[str]) -> list[int]:
    places = {name: place for place, name in enumerate(names)}
    return [places[label] for label in labelled.values()]


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
