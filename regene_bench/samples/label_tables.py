"""Tables that say of each image by its name what it shows."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from regene_bench.base.errors import DataError
from regene_bench.data.class_names import LABEL_NAMES
from regene_bench.data.image_listing import same_spelling

_NAME_TITLES = ("file_name", "filename", "file", "path", "image", "img", "name", "id")
_DELIMITERS = ",;\t"
_EXAMPLE = "Write a name and a label on each line, with a comma between."


def labels_by_name(path: Path, text: str, names: Sequence[str]) -> list[str]:
    """Find each image's label in a table.

    A first line without the name of an image is a header. Then a column of a usual title is that
    of the labels (``LABEL_NAMES``), else the only one beside the names. Without a header
    there are two columns, a name and a label.

    An image goes by its path, or by the end of it (``cat/0.png`` for ``samples/cat/0.png``, and
    the other way round); where no image is named so, by that without its suffix. Lines of other
    images are passed over.

    Args:
        path: The file, for messages.
        text: Its content: columns parted by commas, semicolons or tabs.
        names: Paths of the N images, with ``/``.

    Returns:
        N labels as they are written.

    Raises:
        DataError: An image has no label or two, a line is about two images, or the columns could
            be taken in two ways.
    """
    if not names:
        raise DataError(
            f"{path} labels files by name, but these images have none.",
            hint="Give a .npy or .txt file with a label an image.",
        )
    rows = _rows(path, text)
    images = _Images([_plain(name) for name in names])
    if not any(images.has(cell) for row in rows for cell in row):
        images = _Images([_without_suffix(name) for name in images.paths])
    name, label = _columns(path, rows, images)
    given: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row[label]:
            given[_plain(row[name])].add(row[label])
    return _labels(path, names, images, given)


class _Images:
    """Images by their paths, and by the ends of these."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths
        self._whole = set(paths)
        self._ends = {end for path in paths for end in _ends(path)}

    def has(self, cell: str) -> bool:
        """Tell whether a cell is the path of an image, an end of it, or ends in it."""
        path = _plain(cell)
        return path in self._ends or not self._whole.isdisjoint(_ends(path))


def _plain(name: str) -> str:
    """Write a path with ``/``, without a lead of ``./``, and accents in one form of Unicode."""
    text = same_spelling(name).replace("\\", "/")
    return text.removeprefix("./").lstrip("/")


def _without_suffix(path: str) -> str:
    return path.removesuffix(PurePosixPath(path).suffix)


def _ends(path: str) -> Iterator[str]:
    """``a/b/c``, ``b/c`` and ``c``: the longest first."""
    yield path
    while "/" in path:
        path = path.split("/", 1)[1]
        yield path


def _rows(path: Path, text: str) -> list[list[str]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((mark for mark in _DELIMITERS if mark in first), ",")
    try:
        every = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = [[cell.strip() for cell in row] for row in every if any(map(str.strip, row))]
    except csv.Error as error:
        raise DataError(f"Cannot read the labels {path}: {error}.", hint=_EXAMPLE) from None
    if not rows:
        raise DataError(f"{path} is empty.", hint=_EXAMPLE)
    width = max(2, len(rows[0]))
    uneven = next((row for row in rows if len(row) != width), None)
    if uneven is not None:
        wanted = "a name and a label" if width == 2 else f"{width} columns like the first line"
        raise DataError(
            f"{path} has the line {delimiter.join(uneven)!r}; it needs {wanted}.", hint=_EXAMPLE
        )
    return rows


def _columns(path: Path, rows: Sequence[Sequence[str]], images: _Images) -> tuple[int, int]:
    """Return the columns of names and of labels."""
    titles = list(rows[0])
    places = range(len(titles))
    if any(images.has(cell) for cell in titles):
        if len(titles) > 2:
            raise DataError(
                f"{path} has {len(titles)} columns and no header.",
                hint="Write a first line that says what they are, such as file_name,fold,label.",
            )
        first = 0 if images.has(titles[0]) else 1
        return first, 1 - first
    naming = [i for i in places if any(images.has(row[i]) for row in rows)]
    if any(_is_titled(title, _NAME_TITLES) for title in titles):
        # class 7 is not the image 7.png where another column is called as names are
        naming = [i for i in naming if not _is_titled(titles[i], LABEL_NAMES)]
    if not naming:
        raise DataError(
            f"{path} names none of the images, such as {images.paths[0]}.", hint=_EXAMPLE
        )
    name = _titled(titles, naming, _NAME_TITLES)
    # pandas writes an index without a title
    others = [i for i in places if i != name and titles[i]]
    label = _titled(titles, others, LABEL_NAMES)
    if name is None or label is None:
        what = "names" if name is None else "labels"
        title = "file_name" if name is None else "label"
        raise DataError(
            f"Which column of {path} holds the {what}? It has {', '.join(titles)}.",
            hint=f"Call it {title!r} in the first line.",
        )
    return name, label


def _is_titled(title: str, usual: Sequence[str]) -> bool:
    return _as_title(title) in usual


def _as_title(text: str) -> str:
    return text.casefold().replace(" ", "_")


def _titled(titles: Sequence[str], among: Sequence[int], usual: Sequence[str]) -> int | None:
    by_title = {_as_title(titles[i]): i for i in reversed(among)}
    found = next((by_title[title] for title in usual if title in by_title), None)
    return among[0] if found is None and len(among) == 1 else found


def _labels(
    path: Path, names: Sequence[str], images: _Images, given: dict[str, set[str]]
) -> list[str]:
    longer: dict[str, set[str]] = defaultdict(set)
    for key, labels in given.items():
        for end in list(_ends(key))[1:]:
            longer[end] |= labels
    named_by: dict[str, str] = {}
    found: list[str] = []
    for name, image in zip(names, images.paths, strict=True):
        keys = [key for key in _ends(image) if key in given]
        keys = keys[:1] if image in given else keys
        labels = set().union(*(given[key] for key in keys))
        if image not in given:
            labels |= longer.get(image, set())
        if not labels:
            raise DataError(
                f"{path} has no label for the image {name}.",
                hint="Add a line with its name and its label.",
            )
        if len(labels) > 1:
            raise DataError(
                f"{path} gives the image {name} several labels: {', '.join(sorted(labels))}.",
                hint="Leave one line an image, with the label that is right.",
            )
        for key in keys:
            # pages of one file have one name
            if named_by.setdefault(key, name) != name:
                raise DataError(
                    f"{path} has one line, {key}, for the images {named_by[key]} and {name}.",
                    hint="Give each its own line, with its path in these samples.",
                )
        found += labels
    return found
