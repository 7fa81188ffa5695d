"""What a place holds in which a source finds no data set, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from regene_bench.base.errors import DataError
from regene_bench.data.image_listing import ImageListing, list_folder
from regene_bench.data.metadata_labels import METADATA_FILES, columns_of_metadata
from regene_bench.data.tar_files import is_tar_name

_READERS: Final = {
    ".parquet": "parquet",
    ".arrow": "parquet",
    ".npz": "npz",
    ".csv": "pixel-csv",
    ".zip": "folder",
}


def what_is_there(place: Path, source: str) -> str:
    """Say what a folder or a file holds instead of what a source looks for.

    Args:
        place: Where it found nothing.
        source: Name under which the source is registered.

    Returns:
        The reason in some words; empty if there is nothing to tell.
    """
    if place.is_file():
        return _of_file(place.name, source)
    if not place.is_dir():
        return ""
    try:
        listing = list_folder(place)
    except DataError as error:
        return error.message
    image = next(iter(listing.images), "")
    if image and source != "folder":
        return f'images such as {image}, which source = "folder" reads'
    if image:
        return _of_metadata(listing) or f"images such as {image}, but no folder a class"
    files = sorted(name for name in listing.others if "/" not in name)
    return next(filter(None, (_of_file(name, source, within=True) for name in files)), "")


def _of_metadata(listing: ImageListing) -> str:
    for name in METADATA_FILES:
        if name in listing.others and (columns := columns_of_metadata(listing, name)):
            return (
                f"{name} has the columns {', '.join(columns)}: name that of the labels, "
                'label_column = "…" in [data.options]'
            )
    return ""


def _of_file(name: str, source: str, *, within: bool = False) -> str:
    if is_tar_name(name):
        return f'{name} is a tar, and no source reads tars: unpack it, for source = "folder"'
    reader = _READERS.get(Path(name).suffix.lower())
    if reader is None:
        return ""
    if reader != source:
        return f'{name} is there, which source = "{reader}" reads'
    if source == "parquet" and within:
        return (
            f"{name} is called by no split: call it train-{name}, or give the file itself as path"
        )
    return ""
