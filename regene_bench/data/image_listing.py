"""The images of a folder or a zip, listed before any is read, with a count of what is left out."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from regene_bench.base.errors import DataError
from regene_bench.base.files import special_kind
from regene_bench.data.decode import Encoded

IMAGE_SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".jp2", ".webp", ".avif", ".bmp", ".gif"}
    | {".tif", ".tiff", ".pgm", ".ppm"}
)
_MOST_KINDS: Final = 5


@dataclass(frozen=True)
class ImageListing:
    """Image files at any depth below one place.

    Names are paths relative to the place, with ``/`` and in Unicode's composed form (NFC) however
    the file system or the zip spells them, and they are in the order of these spellings.

    Attributes:
        place: The folder or the zip.
        images: Name → file, of all visible images. Files of a zip have paths below the zip's own.
        others: Name → file, of all visible files that are no images by their suffix.
        hidden: How many images have hidden names (``.a.png``), without what macOS leaves behind.
        loops: How many linked folders lead back to a folder around them.
        read: Yields files of ``images`` or ``others`` in the order asked for, each with what error
            messages call it. Raises DataError naming a file that a zip holds damaged.
        archive: The zip, if it is one.
    """

    place: Path
    images: Mapping[str, Path]
    others: Mapping[str, Path]
    hidden: int
    loops: int
    read: Callable[[Iterable[Path]], Iterator[tuple[str, Encoded]]]
    archive: Path | None = None

    def folders(self) -> list[str]:
        """Names of the folders at the top in which there are images."""
        return sorted({name.split("/", 1)[0] for name in self.images if "/" in name})

    def below(self, folder: str) -> ImageListing:
        """List only what lies in a folder of the place, with names relative to it."""
        start = f"{folder}/"
        images, others = (
            {name[len(start) :]: path for name, path in files.items() if name.startswith(start)}
            for files in (self.images, self.others)
        )
        return replace(self, place=self.place / folder, images=images, others=others)

    def content(self, name: str) -> bytes:
        """Read one file that is no image.

        Raises:
            DataError: It cannot be read.
        """
        path = self.others[name]
        ((_, item),) = self.read([path])
        if isinstance(item, Path) and not item.is_file():
            raise DataError(f"{path} is not a file.", hint="Take it out.")
        try:
            return item if isinstance(item, bytes) else item.read_bytes()
        except OSError as error:
            raise DataError(f"Cannot read {path}: {error.strerror}.") from None

    def left_out(self, used: Collection[Path] = ()) -> tuple[str, ...]:
        """Say in at most one sentence how many files are no images for the reader, and why.

        Args:
            used: Files that were read for something else, such as labels.
        """
        rest = [path for path in self.others.values() if path not in used]
        kinds = Counter(path.suffix.lower() or "without a suffix" for path in rest)
        counts = [f"{n} {kind}" for kind, n in kinds.most_common()]
        if len(counts) > _MOST_KINDS:
            few = sum(n for _, n in kinds.most_common()[_MOST_KINDS - 1 :])
            counts = [*counts[: _MOST_KINDS - 1], f"{few} of other kinds"]
        if self.hidden:
            counts.append(f"{self.hidden} hidden")
        read, n = len(self.images), len(self.images) + len(rest) + self.hidden
        notes = [f"{read} of {n} files read (left out: {', '.join(counts)})"] if counts else []
        if self.loops:
            notes.append(f"linked folders that lead back, not followed: {self.loops}")
        return tuple(notes)


def list_folder(folder: Path) -> ImageListing:
    """List the images of a folder; linked files and folders are followed, but not in circles.

    Hidden files and folders (``.git``, ``__MACOSX``) are left out.

    Raises:
        DataError: A folder cannot be read, or something with an image's name is no file.
    """
    images: dict[str, Path] = {}
    others: dict[str, Path] = {}
    seen: Counter[str] = Counter()
    _walk(folder, "", (_identity(folder),), images, others, seen)
    return ImageListing(
        folder, _sorted(images), _sorted(others), seen["hidden"], seen["loops"], _as_they_are
    )


def same_spelling(name: str) -> str:
    """Return a name in Unicode's composed form (NFC): macOS keeps an ``é`` as two characters."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def is_visible(name: str) -> bool:
    """Tell whether a file or folder of this name is meant to be seen."""
    return not name.startswith((".", "__MACOSX"))


def is_image_name(name: str) -> bool:
    """Tell whether a file is an image by its suffix."""
    return name[name.rfind(".") :].lower() in IMAGE_SUFFIXES


def is_hidden_image(name: str) -> bool:
    """Tell whether a file is an image that its owner hid; macOS' ``._`` files are no images."""
    return is_image_name(name) and not is_visible(name) and not name.startswith("._")


def _walk(
    folder: Path,
    prefix: str,
    around: tuple[tuple[int, int], ...],
    images: dict[str, Path],
    others: dict[str, Path],
    seen: Counter[str],
) -> None:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except OSError as error:
        raise DataError(
            f"Cannot read the folder {folder}: {error.strerror}.",
            hint="Allow it to be read, or take it out.",
        ) from None
    for entry in found:
        name = prefix + entry.name
        if _is_folder(entry):
            if not is_visible(entry.name):
                continue
            identity = _identity(Path(entry.path))
            if identity in around:
                seen["loops"] += 1
            else:
                _walk(Path(entry.path), f"{name}/", (*around, identity), images, others, seen)
        elif not is_visible(entry.name):
            seen["hidden"] += is_hidden_image(entry.name)
        elif not is_image_name(entry.name):
            others[same_spelling(name)] = Path(entry.path)
        else:
            _check_file(entry)
            other = images.setdefault(same_spelling(name), Path(entry.path))
            if other != Path(entry.path):
                raise DataError(
                    f"{other} and {entry.path} have one name in two Unicode forms.",
                    hint="Rename one of them.",
                )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _identity(folder: Path) -> tuple[int, int]:
    stat = folder.stat()
    return stat.st_dev, stat.st_ino


def _check_file(entry: os.DirEntry[str]) -> None:
    """Refuse what would block a reader for ever; a link to nowhere is named when it is decoded."""
    if not entry.is_symlink() and entry.is_file():
        return
    path = Path(entry.path)
    kind = special_kind(path.stat()) if path.exists() else ""
    if kind:
        raise DataError(f"{path} is {kind}, not a file.", hint="Take it out of the folder.")


def _as_they_are(paths: Iterable[Path]) -> Iterator[tuple[str, Encoded]]:
    return ((str(path), path) for path in paths)


def _sorted(files: dict[str, Path]) -> dict[str, Path]:
    return dict(sorted(files.items()))
