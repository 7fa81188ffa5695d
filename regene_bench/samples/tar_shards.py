"""Samples in tar shards, WebDataset's or of plain folders, found before any is decoded."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.dataset_json import DATASET_JSON
from regene_bench.data.image_listing import (
    ImageListing,
    is_hidden_image,
    is_image_name,
    is_visible,
    list_folder,
)
from regene_bench.data.opened import Encoded
from regene_bench.data.shard_sets import check_one_set, check_shards, pooled_note
from regene_bench.data.split_folders import role_of
from regene_bench.data.tar_files import TarFile, TarListing, is_tar_name, list_tar, read_files
from regene_bench.samples.image_files import SampleFiles, with_pages, without_wrapping
from regene_bench.samples.labelling import PathLabels, labels_of_paths
from regene_bench.samples.splits import choose_split, no_splits
from regene_bench.samples.tar_keys import LABEL_KINDS, TarSample, samples_of
from regene_bench.samples.tar_labels import labels_of_members

_NUMBER: Final = re.compile(r"(.*?)([0-9]+)[^0-9]*")


def find_tars(place: Path, split: str = "") -> list[Path]:
    """Return a tar, or the tars of a folder without images, in the order of their names.

    Args:
        place: The tar or the folder.
        split: The split that is asked for, where the names of tars begin with one
            (``train-0000.tar``), or their folders are called so; empty if there is only one.

    Raises:
        UsageError: There is no such split, or it is one tar.
        DataError: They are of several splits or no parts of one set, one is missing whose
            neighbours count them, or there are Parquet files of their own as well.
    """
    if not place.is_dir():
        if split and is_tar_name(place.name):
            raise no_splits(place, "it is one file")
        return [place] if is_tar_name(place.name) else []
    with os.scandir(place) as entries:
        names = sorted(entry.name for entry in entries if is_visible(entry.name))
    found = [place / name for name in names if is_tar_name(name)]
    if not found and (folders := _folders_of_splits(place, names)):
        return find_tars(place / _chosen_folder(place, folders, split))
    if not found or list_folder(place).images:
        return []
    # img2dataset writes a table beside each tar, which tells of its images
    stems = {tar.name.split(".", 1)[0] for tar in found}
    tables = [name for name in names if name.lower().endswith(".parquet")]
    others = [name for name in tables if name.split(".", 1)[0] not in stems]
    if others:
        raise DataError(
            f"{place} holds tars ({found[0].name}) and Parquet files ({others[0]}).",
            hint="Which are meant? Put the others elsewhere.",
        )
    chosen = _of_split(found, split, place)
    check_shards(chosen)
    check_one_set(chosen)
    return chosen


def _folders_of_splits(place: Path, names: Sequence[str]) -> list[str]:
    """Name the folders that are called by a split and hold tars."""
    folders = [name for name in names if role_of(name) and (place / name).is_dir()]
    return [
        name for name in folders if any(is_tar_name(path.name) for path in (place / name).iterdir())
    ]


def _chosen_folder(place: Path, folders: Sequence[str], split: str) -> str:
    if split:
        return choose_split(split, folders, place)
    raise DataError(
        f"{place} holds the tars of splits in folders: {', '.join(folders)}.",
        hint=f"Say which is meant: --split {folders[0]}.",
    )


def _of_split(tars: Sequence[Path], split: str, place: Path) -> list[Path]:
    by_split: dict[str, list[Path]] = {}
    for tar in tars:
        by_split.setdefault(re.split(r"[-.]", tar.name)[0], []).append(tar)
    splits = [word for word in by_split if role_of(word)]
    if split and not splits:
        raise no_splits(place)
    if split:
        return by_split[choose_split(split, splits, place)]
    if len({role_of(word) for word in splits}) > 1:
        some = ", ".join(by_split[word][0].name for word in splits)
        raise DataError(
            f"{place} holds several splits of a data set: {some}.",
            hint=f"Say which is meant: --split {splits[0]}.",
        )
    return list(tars)


def find_tar_samples(
    place: Path, tars: Sequence[Path], class_names: Sequence[str], label_name: str | None
) -> tuple[SampleFiles, PathLabels]:
    """List the images of tars in their order, with the labels that lie beside or around them.

    Args:
        place: What the user gave: a tar, or the folder of all of them.
        tars: The tars.
        class_names: K names in label order.
        label_name: Where labels are, as in ``tar_labels.labels_of_members``; if empty and no member
            has any, the folders around images are classes. None: they are not looked for.

    Returns:
        The images, and their labels.

    Raises:
        DataError: A tar is damaged, it is not clear which images count, or labels do not fit.
    """
    listings = [list_tar(tar, [f".{kind}" for kind in LABEL_KINDS]) for tar in tars]
    visible = [_visible(listing.files) for listing in listings]
    samples = [sample for files in visible for sample in samples_of(files)]
    others = [file for files in visible for file in files if not is_image_name(file.name)]
    if not samples:
        raise _no_images(place, others)
    found = PathLabels(None)
    if label_name is not None:
        found, kind = _labels(place, samples, others, class_names, label_name)
        used = {id(sample.labels[kind]) for sample in samples} if kind else set()
        others = [file for file in others if id(file) not in used]
    hidden = sum(
        is_hidden_image(file.name.rpartition("/")[2]) for one in listings for file in one.files
    )
    files = with_pages(_listing(place, [sample.image for sample in samples], others, hidden))
    notes = (*found.notes, *_notes(tars, listings))
    if found.values is None:
        return files, PathLabels(None, notes)
    return files, PathLabels(np.repeat(found.values, [len(own) for own in files.pages]), notes)


def _labels(
    place: Path,
    samples: Sequence[TarSample],
    others: Sequence[TarFile],
    class_names: Sequence[str],
    label_name: str,
) -> tuple[PathLabels, str]:
    """Read labels of members, or else of folders; the former with the members' kind."""
    members = labels_of_members(samples, class_names, label_name, str(place))
    if members.values is not None:
        return PathLabels(members.values), members.kind
    if any(file.name.rpartition("/")[2] == DATASET_JSON for file in others):
        raise DataError(
            f"{place} holds {DATASET_JSON}, which is not read in a tar.",
            hint="Unpack it and score the folder, or a zip of it; or give --labels none.",
        )
    names = without_wrapping([sample.image.name for sample in samples], class_names)
    folders = labels_of_paths(names, class_names, str(place))
    if folders.values is not None:
        return folders, ""
    return PathLabels(None, (*folders.notes, *members.notes)), ""


def _visible(files: Sequence[TarFile]) -> list[TarFile]:
    return [file for file in files if all(map(is_visible, file.name.split("/")))]


def _listing(
    place: Path, images: Sequence[TarFile], others: Sequence[TarFile], hidden: int
) -> ImageListing:
    """List images of one tar by their names, and of several by the tars' too where they need it."""
    repeated = Counter(file.name for file in images).most_common(1)[0][1] > 1
    by_path = {file.archive / file.name: file for file in images}
    names = {
        f"{file.archive.name}/{file.name}" if repeated else file.name: path
        for path, file in by_path.items()
    }
    rest = {str(path): path for path in (file.archive / file.name for file in others)}
    return ImageListing(place, names, rest, hidden, 0, partial(_read, by_path), place)


def _read(by_path: Mapping[Path, TarFile], wanted: Iterable[Path]) -> Iterator[tuple[str, Encoded]]:
    return read_files([by_path[path] for path in wanted])


def _notes(tars: Sequence[Path], listings: Sequence[TarListing]) -> tuple[str, ...]:
    notes = list(pooled_note(tars))
    if links := sum(listing.links for listing in listings):
        notes.append(f"links in tars, not followed: {links}")
    for tar, listing in zip(tars, listings, strict=True):
        if not listing.is_closed:
            notes.append(f"{tar.name} has no end mark: its writer may have been broken off")
    numbers = [match for tar in tars if (match := _NUMBER.fullmatch(tar.name))]
    for one, other in pairwise(numbers):
        if one[1] == other[1] and int(other[2]) > int(one[2]) + 1:
            notes.append(f"no tar is numbered between {one[0]} and {other[0]}")
    return tuple(notes)


def _no_images(place: Path, others: Sequence[TarFile]) -> DataError:
    kinds = Counter(file.name.rpartition(".")[2] for file in others)
    found = ", ".join(f"{n} .{kind}" for kind, n in kinds.most_common(5)) or "nothing"
    return DataError(
        f"{place} holds no image (but {found}).",
        hint="Members with images end in .png, .jpg, .webp or the like.",
    )
