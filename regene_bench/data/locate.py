"""Where a data set lies on this machine, and a useful answer when it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from regene_bench.base.environment import DATA_VARIABLE
from regene_bench.base.errors import DataError


class NotFoundError(DataError):
    """The data set is in none of the places; other errors mean that it is there, but damaged."""


Holds = Callable[[Path], bool]
"""Tells whether a folder holds a data set in a layout that can be read."""


def find_folder(
    name: str,
    roots: Sequence[Path],
    holds: Holds,
    *,
    holds_plainly: Holds | None = None,
    remedy: str = "",
    zipped: bool = False,
    suffixes: Sequence[str] = (),
    explain: Callable[[Path], str] = lambda place: "",
) -> Path:
    """Find a data set's folder: ``<root>/<name>`` in each root, then a root that is the data set.

    All roots are asked for a folder of that name before any root is taken for the data set
    itself, so that a folder with the right name always wins.

    Args:
        name: Name of the data set's folder; it may be a relative path of several parts, or an
            absolute path, which is then the only place.
        roots: Folders to look in, nearest first.
        holds: Asked of ``<root>/<name>``.
        holds_plainly: Asked of the root itself; leave it out where a root must not be taken for
            the data set.
        remedy: How to get the data set; becomes part of the hint.
        zipped: Take zips, too: ``<root>/<name>`` where the name ends in ``.zip``, and
            ``<root>/<name>.zip``; ``holds`` is then asked of them as of folders.
        suffixes: Take files with these suffixes in the same way, such as ``(".npz",)``.
        explain: Says of a place that does not hold the data set what it holds; empty if that says
            nothing. ``what_is_there`` is made for it.

    Returns:
        The folder, or the file.

    Raises:
        NotFoundError: It is nowhere; lists every place and what was wrong with it.
    """
    named = [root / Path(name).expanduser() for root in roots] or [Path(name).expanduser()]
    seen: dict[Path, str] = {}
    suffixes = (".zip", *suffixes) if zipped else suffixes
    for folder in named:
        if folder.is_dir() and holds(folder):
            return folder
        seen.setdefault(folder, explain(folder) or _why_not(folder))
        for file in (_file_of(folder, suffix) for suffix in suffixes):
            if file.is_file():
                if holds(file):
                    return file
                seen[file] = explain(file) or "no images in a known layout"
    for root in roots if holds_plainly else ():
        if root.is_dir() and holds_plainly and holds_plainly(root):
            return root
        seen.setdefault(root, _why_not(root))
    raise missing(name, seen, remedy)


def missing(name: str, places: dict[Path, str], remedy: str) -> NotFoundError:
    """Make the error for a data set found in none of ``places`` (place → what was wrong)."""
    lines = [f"The data set {name!r} was not found. Looked in:"]
    lines += [f"  {place} ({reason})" for place, reason in places.items()]
    hint = f"Set ${DATA_VARIABLE} to (or call with --data) a folder that holds {Path(name).name!r}."
    return NotFoundError("\n".join(lines), hint=f"{hint} {remedy}".rstrip())


def _file_of(folder: Path, suffix: str) -> Path:
    if folder.suffix.lower() == suffix:
        return folder
    return folder.with_name(f"{folder.name}{suffix}")


def _why_not(folder: Path) -> str:
    if not folder.exists():
        return "no such folder"
    if not folder.is_dir():
        return "not a folder"
    return "no images in a known layout"
