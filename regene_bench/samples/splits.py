"""One split of samples that come in several, chosen by its name (``--split``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regene_bench.base.errors import UsageError
from regene_bench.data.class_folders import innermost, unwrapped
from regene_bench.data.image_listing import ImageListing
from regene_bench.data.split_folders import role_of, split_called
from regene_bench.samples.labelling import are_class_names


def choose_split(wanted: str, names: Sequence[str], where: Path) -> str:
    """Return the name, among those that there are, of the split that is asked for.

    Raises:
        UsageError: There is none such, or several could be meant.
    """
    found = split_called(wanted, names)
    if found is None:
        raise UsageError(
            f"{where} has no split {wanted!r}; it has {', '.join(names)}.",
            hint="Give one of these as --split.",
        )
    return found


def images_of_split(listing: ImageListing, wanted: str, class_names: Sequence[str]) -> ImageListing:
    """List only the images in the folder of a split, with names relative to it.

    Raises:
        UsageError: There is no such folder, or the folders are classes.
    """
    listing = unwrapped(listing)
    folders = listing.folders()
    if not folders:
        raise no_splits(listing.place)
    chosen = split_called(wanted, folders)
    if chosen is None or not role_of(chosen):
        if are_class_names(folders, class_names):
            raise no_splits(listing.place, "its folders are classes")
        chosen = choose_split(wanted, folders, listing.place)
    return innermost(listing.below(chosen))


def no_splits(where: Path, why: str = "") -> UsageError:
    """Make the error for samples that come in one piece."""
    reason = f": {why}" if why else ""
    return UsageError(f"{where} has no splits{reason}.", hint="Leave --split out.")
