"""Samples in a folder: images beside each other, or in a folder a class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from regene_bench.base.errors import DataError
from regene_bench.data.class_folders import IMAGE_SUFFIXES
from regene_bench.samples.encoded import Pictures, in_blocks


def list_folder(folder: Path) -> tuple[list[str], Pictures]:
    """List the images below a folder, in the order of their names.

    Hidden files and folders, and files that are no images by their suffix, are left out.

    Returns:
        Their paths relative to the folder, with ``/``, and the images.

    Raises:
        DataError: There is none.
    """
    names = picture_names(folder)
    if not names:
        raise no_images(str(folder), [entry.name for entry in sorted(folder.iterdir())])
    items = [(str(folder / name), folder / name) for name in names]
    return names, Pictures(len(names), lambda: in_blocks(items))


def picture_names(folder: Path) -> list[str]:
    """Paths of the visible images below a folder, relative to it, in the order of their names."""
    everything = (
        Path(parent, name).relative_to(folder).as_posix()
        for parent, _, files in os.walk(folder)
        for name in files
    )
    return sorted(name for name in everything if is_picture(name))


def is_picture(name: str) -> bool:
    """Tell whether a relative path is a visible image."""
    path = PurePosixPath(name)
    # parts of a zip's names may also climb (..) or be absolute
    hidden = any(part.startswith((".", "/", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in IMAGE_SUFFIXES and not hidden


def no_images(where: str, entries: Sequence[str]) -> DataError:
    """Make the error for a place without images, with a word on what is there instead."""
    readable = [name for name in entries if name.endswith((".npz", ".npy", ".zip", ".parquet"))]
    kinds = ", ".join(sorted(IMAGE_SUFFIXES))
    hint = f"Give the file {readable[0]} itself." if readable else f"Images end in {kinds}."
    return DataError(f"{where} holds no image.", hint=hint)
