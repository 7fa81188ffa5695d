"""Whether folders called 00000, 00001, … are classes, or chunks of one numbered set of images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

Reading = Literal["classes", "chunks", "either"]

_STYLEGAN = re.compile(r"img\d{8}\.\w+")
_LAST_NUMBER = re.compile(r"(\d{1,18})\D*$")
_SIZES = (10, 100, 1000, 10_000, 100_000)
_LONGEST = 18
_FAR = 3
"""So many digits more than the classes' numbers need are no spelling of a class."""


def are_padded(folders: Sequence[str]) -> bool:
    """Tell whether folders are called by numbers of one width with zeros in front."""
    return (
        all(name.isascii() and name.isdigit() and len(name) <= _LONGEST for name in folders)
        and len({len(name) for name in folders}) == 1
        and any(name.startswith("0") and len(name) > 1 for name in folders)
    )


def reading_of(names: Sequence[str], n_classes: int) -> Reading:
    """Find out what padded folders are.

    Programs that write many images put a thousand (or a hundred, …) into each of 00000, 00001, …
    or of 000000, 001000, …; others call the folders of classes by padded numbers, as the German
    traffic signs' 00000 to 00042 are. What decides is how the files are called and how many there
    are in each, and how many more digits the folders have than the classes' numbers.

    Args:
        names: Paths of images ``<folder>/…/<file>`` for which ``are_padded``.
        n_classes: K.
    """
    files: dict[str, list[str]] = {}
    for name in names:
        folder, file = name.split("/", 1)
        files.setdefault(folder, []).append(file.rsplit("/", 1)[-1])
    if all(_STYLEGAN.fullmatch(file) for own in files.values() for file in own):
        return "chunks"
    excess = len(next(iter(files))) - len(str(max(n_classes - 1, 0)))
    fits = all(int(folder) < n_classes for folder in files)
    if excess <= 0 and fits:
        return "classes"
    if len(files) == 1 or _run_on(files):
        return "chunks" if excess >= _FAR or not fits else "either"
    if not fits:
        return "chunks" if excess >= _FAR else "either"
    return "either" if excess >= _FAR and _equally_full(files) else "classes"


def _run_on(files: dict[str, list[str]]) -> bool:
    """Tell whether the files' numbers say which chunk they are in."""
    numbers = []
    for folder, own in files.items():
        for file in own:
            found = _LAST_NUMBER.search(file.rsplit(".", 1)[0])
            if found is None:
                return False
            numbers.append((int(folder), int(found.group(1))))
    return any(
        all(n // size == chunk for chunk, n in numbers)
        or all(n - n % size == chunk for chunk, n in numbers)
        for size in _SIZES
    )


def _equally_full(files: dict[str, list[str]]) -> bool:
    """Tell whether all but the last hold the same number, and the last no more."""
    *sizes, last = (len(files[folder]) for folder in sorted(files))
    return len(set(sizes)) == 1 and last <= sizes[0]
