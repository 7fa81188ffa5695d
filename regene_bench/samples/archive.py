"""Samples in a zip: as in a folder, read entry by entry without unpacking anything to disk."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

from regene_bench.base.errors import DataError
from regene_bench.data.records import Block
from regene_bench.samples.encoded import Pictures, in_blocks
from regene_bench.samples.folder import is_picture, no_images

_MOST_BYTES_AN_IMAGE = 1 << 28
# Deflate cannot pack tighter than 1032 : 1; a zip that says otherwise counts its bytes twice.
_MOST_RATIO = 1040


def list_zip(path: Path, class_names: Collection[str]) -> tuple[list[str], Pictures]:
    """List the images of a zip, in the order of their names.

    Folders that hold everything else (``samples/…``) do not count as classes.

    Args:
        path: The zip.
        class_names: The benchmark's, to tell a class from a folder around all of them.

    Returns:
        Paths of the images within the zip, without such folders, and the images.

    Raises:
        DataError: It is no zip, is encrypted, holds no image, or declares sizes that cannot be.
    """
    try:
        with zipfile.ZipFile(path) as file:
            entries = [entry for entry in file.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(path, error) from None
    entries = sorted((e for e in entries if is_picture(e.filename)), key=lambda e: e.filename)
    if not entries:
        raise no_images(str(path), ())
    _check_sizes(path, entries)
    names = _without_wrapping([entry.filename for entry in entries], class_names)
    return names, Pictures(len(names), lambda: _blocks(path, entries))


def _check_sizes(path: Path, entries: list[zipfile.ZipInfo]) -> None:
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


def _without_wrapping(names: list[str], class_names: Collection[str]) -> list[str]:
    while True:
        heads = {name.split("/", 1)[0] if "/" in name else "" for name in names}
        (head,) = heads if len(heads) == 1 else ("",)
        flat = all(name.count("/") == 1 for name in names)
        if not head or head in class_names or (flat and head.isdigit()):
            return names
        names = [name.split("/", 1)[1] for name in names]


def _blocks(path: Path, entries: list[zipfile.ZipInfo]) -> Iterator[Block]:
    with zipfile.ZipFile(path) as file:

        def contents() -> Iterator[tuple[str, bytes]]:
            for entry in entries:
                try:
                    yield f"{entry.filename} in {path}", file.read(entry)
                except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
                    raise _damaged(path, error, entry.filename) from None
                except (NotImplementedError, RuntimeError) as error:
                    raise DataError(
                        f"Cannot read {entry.filename} in {path}: {error}.",
                        hint="Pack the images with the usual compression (deflate, or none).",
                    ) from None

        yield from in_blocks(contents())


def _damaged(path: Path, error: Exception, entry: str = "") -> DataError:
    where = f"{entry} in {path}" if entry else str(path)
    return DataError(f"{where} is damaged: {error}.", hint="Make the zip again.")
