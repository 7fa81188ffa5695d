"""Images in a zip, read entry by entry without unpacking anything to disk."""

from __future__ import annotations

import contextlib
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from regene_bench.base.errors import DataError
from regene_bench.data.decode import Encoded
from regene_bench.data.first_bytes import named_wrongly
from regene_bench.data.image_listing import (
    ImageListing,
    is_hidden_image,
    is_image_name,
    is_visible,
    list_folder,
    same_spelling,
)

_MOST_BYTES_AN_IMAGE = 1 << 28
# Deflate cannot pack tighter than 1032 : 1; a zip that says otherwise counts its bytes twice.
_MOST_RATIO = 1040
_UTF8_FLAG = 0x800
_UNTIDY = re.compile(r"//|(^|/)\./|/$")


def list_images(place: Path, *, skip_bad: bool = False) -> ImageListing:
    """List the images of a folder or of a zip.

    Args:
        place: The folder or the zip.
        skip_bad: See ``list_zip``.

    Raises:
        DataError: See ``image_listing.list_folder`` and ``list_zip``.
    """
    return list_folder(place) if place.is_dir() else list_zip(place, skip_bad=skip_bad)


def list_zip(path: Path, *, skip_bad: bool = False) -> ImageListing:
    """List the images of a zip; hidden names, and names that lead out of it, are left out.

    Names are read as their maker meant them: with the backslashes of some programs for Windows as
    separators, and as UTF-8 where macOS does not say that they are.

    Args:
        path: The zip.
        skip_bad: Give no bytes for an entry that is damaged, which nothing can decode, instead of
            refusing the zip.

    Raises:
        DataError: It is no zip, an image in it is encrypted, two have one name, or it declares
            sizes that cannot be.
    """
    try:
        with zipfile.ZipFile(path) as file:
            # an entry may even have no name
            entries = [one for one in file.infolist() if one.filename and not one.is_dir()]
    # of a version that Python does not know, as a flipped bit says: NotImplementedError
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise named_wrongly(path, ".zip") or _damaged(path, error) from None
    images: dict[str, zipfile.ZipInfo] = {}
    others: dict[str, zipfile.ZipInfo] = {}
    hidden = 0
    for entry in entries:
        name = _name_of(entry)
        *folders, own = name.split("/")
        # parts of a zip's names may also climb (..) or be absolute (begin with nothing)
        if not all(part and is_visible(part) for part in folders):
            continue
        if not is_visible(own):
            hidden += is_hidden_image(own)
            continue
        files = images if is_image_name(own) else others
        if name in images:
            raise DataError(f"{path} holds {name} twice.", hint="Make the zip again.")
        files[name] = entry
    _check_sizes(path, list(images.values()))
    image_paths = {name: path / name for name in sorted(images)}
    other_paths = {name: path / name for name in sorted(others)}
    by_path = {place: images[name] for name, place in image_paths.items()}
    by_path |= {place: others[name] for name, place in other_paths.items()}
    return ImageListing(
        path,
        image_paths,
        other_paths,
        hidden,
        0,
        partial(_read, path, by_path, skip_bad=skip_bad),
        path,
    )


def _name_of(entry: zipfile.ZipInfo) -> str:
    name = entry.filename
    if not entry.flag_bits & _UTF8_FLAG and not name.isascii():
        # else it is in the code page that zips without the flag are in
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    name = same_spelling(name.replace("\\", "/"))
    return PurePosixPath(name).as_posix() if _UNTIDY.search(name) else name


def _check_sizes(path: Path, entries: Sequence[zipfile.ZipInfo]) -> None:
    for entry in entries:
        if entry.flag_bits & 1:
            raise DataError(
                f"{entry.filename} in {path} is encrypted.", hint="Pack it without a password."
            )
        if entry.file_size > _MOST_BYTES_AN_IMAGE:
            raise DataError(
                f"{entry.filename} in {path} declares {entry.file_size} bytes: too many for an "
                "image.",
                hint="Take it out of the zip.",
            )
    declared, packed = sum(entry.file_size for entry in entries), path.stat().st_size
    if declared > _MOST_RATIO * packed:
        raise DataError(
            f"{path} declares {declared} bytes of images in {packed} bytes of zip: more than "
            "zips can hold.",
            hint="Unpack it with a tool you trust and score the folder.",
        )


def _read(
    path: Path,
    entries: dict[Path, zipfile.ZipInfo],
    wanted: Iterable[Path],
    *,
    skip_bad: bool,
) -> Iterator[tuple[str, Encoded]]:
    with zipfile.ZipFile(path) as file:
        for entry in (entries[one] for one in wanted):
            if entry.file_size > _MOST_BYTES_AN_IMAGE:
                raise DataError(
                    f"{entry.filename} in {path} declares {entry.file_size} bytes: too many.",
                    hint="Take it out of the zip.",
                )
            try:
                yield f"{entry.filename} in {path}", file.read(entry)
            except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
                if not skip_bad:
                    raise _damaged(path, error, entry.filename) from None
                yield f"{entry.filename} in {path}", b""
            except (NotImplementedError, RuntimeError) as error:
                raise DataError(
                    f"Cannot read {entry.filename} in {path}: {error}.",
                    hint="Pack the images with the usual compression (deflate, or none).",
                ) from None


def _damaged(path: Path, error: Exception, entry: str = "") -> DataError:
    where = f"{entry} in {path}" if entry else str(path)
    return DataError(f"{where} is damaged: {error}.", hint="Make the zip again.")
