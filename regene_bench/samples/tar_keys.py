"""Which members of a tar are one sample: by WebDataset's rule, or by whole names.

WebDataset's key of a member is its path up to the first dot of its base name, so that ``7.cls``
labels ``7.png``. But programs that write numbers into names (``img.0001.png``, ``psi0.7_12.png``)
mean an image by each of them, which would share one key. Where a key has several images, whole
names are keys instead, if that reading is the only one that makes sense; else the tar is refused.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from regene_bench.base.errors import DataError
from regene_bench.data.image_listing import is_image_name
from regene_bench.data.tar_files import TarFile

LABEL_KINDS: Final = ("cls", "json", "txt")
"""Last suffixes of members that may hold a sample's label."""


@dataclass(frozen=True)
class TarSample:
    """An image, with the members of its key that may label it, by kind."""

    image: TarFile
    labels: Mapping[str, TarFile]


def samples_of(files: Sequence[TarFile]) -> list[TarSample]:
    """Put together the samples of one shard, in the order of their images.

    Args:
        files: The shard's visible files.

    Raises:
        DataError: Several images have one key and may be parts of one sample, or a sample has two
            labels of one kind.
    """
    images = [file for file in files if is_image_name(file.name)]
    labels = [file for file in files if _kind(file) in LABEL_KINDS]
    shared = next((own for own in _by(_key, images).values() if len(own) > 1), None)
    key: Callable[[TarFile], str] = _key
    if shared is not None:
        if not _are_whole_names(images, labels):
            raise _several(shared)
        key = _whole_name
    members: dict[str, dict[str, TarFile]] = defaultdict(dict)
    for file in labels:
        other = members[key(file)].setdefault(_kind(file), file)
        if other is not file:
            raise DataError(
                f"{other.name} and {file.name} in {file.archive} label one sample.",
                hint=f"Leave one of them out: a sample has one .{_kind(file)}.",
            )
    return [TarSample(image, members.get(key(image), {})) for image in images]


def _are_whole_names(images: Sequence[TarFile], labels: Sequence[TarFile]) -> bool:
    """Tell whether images that share WebDataset's keys can only be samples of their own."""
    stems = Counter(_whole_name(file) for file in images)
    if len(stems) < len(images):
        return False
    by_kind = [set(map(_whole_name, own)) for own in _by(_kind, labels).values()]
    if any(own <= stems.keys() for own in by_kind):
        return True
    if labels:
        return False
    # fields of samples (0001.input.png, 0002.input.png) come again from key to key and are words
    fields = Counter(_field(file) for file in images)
    return not any(
        n > 1 and any(letter.isalpha() for letter in field) for field, n in fields.items()
    )


def _key(file: TarFile) -> str:
    folder, slash, base = file.name.rpartition("/")
    return folder + slash + base.partition(".")[0]


def _whole_name(file: TarFile) -> str:
    return file.name.rpartition(".")[0]


def _kind(file: TarFile) -> str:
    return file.name.rpartition(".")[2].lower()


def _field(file: TarFile) -> str:
    """What stands between the key and the suffix."""
    return _whole_name(file)[len(_key(file)) :]


def _by(key: Callable[[TarFile], str], files: Sequence[TarFile]) -> Mapping[str, Sequence[TarFile]]:
    found: dict[str, list[TarFile]] = defaultdict(list)
    for file in files:
        found[key(file)].append(file)
    return found


def _several(images: Sequence[TarFile]) -> DataError:
    one, other = images[:2]
    return DataError(
        f"{one.name} and {other.name} in {one.archive} are images of one sample, "
        f"{_key(one)!r}, by WebDataset's rule that keys end at the first dot.",
        hint="If one of them is meant, pack a tar of these alone. If both are samples, write names "
        "with no dot but that of the suffix.",
    )
