"""From what a user calls the classes (names, numbers, folders) to labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.data.chunk_folders import are_padded, reading_of
from regene_bench.data.image_listing import same_spelling
from regene_bench.data.split_folders import role_of

_MOST_NAMES = 12


def labels_of_words(words: Sequence[str], class_names: Sequence[str], where: str) -> np.ndarray:
    """Read class names, or numbers from 0 to K - 1, as labels.

    Words that are all names of classes are names, even where the names are numbers themselves;
    else all of them must be numbers.

    Args:
        words: N names or numbers.
        class_names: K names in label order.
        where: Names the place in error messages.

    Returns:
        int64 ``[N]``.

    Raises:
        DataError: A word is neither a name nor a number of a class.
    """
    known = {name: label for label, name in enumerate(class_names)}
    distinct = dict.fromkeys(words)
    if not all(word in known for word in distinct):
        numbers = {word: int(word) for word in distinct if _is_number(word, len(class_names))}
        unknown = next((word for word in distinct if word not in numbers), None)
        if unknown is not None:
            example = next((w for w in distinct if w not in numbers and w not in known), unknown)
            raise DataError(
                f"{where} has the class {example!r}, which the benchmark has not.",
                hint=_remedy(example, class_names),
            )
        known = numbers
    return np.array([known[word] for word in words], dtype=np.int64)


def labels_of_numbers(numbers: np.ndarray, class_names: Sequence[str], where: str) -> np.ndarray:
    """Check label numbers.

    Args:
        numbers: ``[N]``, any integers.
        class_names: K names in label order.
        where: Names the place in error messages.

    Returns:
        int64 ``[N]`` in [0, K).

    Raises:
        DataError: Not integers ``[N]``, or outside [0, K).
    """
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        raise DataError(
            f"{where} has labels of shape {list(numbers.shape)} and type {numbers.dtype}.",
            hint="Labels must be one integer an image (one-hot labels: take argmax(axis=1)).",
        )
    wrong = (numbers < 0) | (numbers >= len(class_names))
    if wrong.any():
        raise DataError(
            f"{where} has the label {numbers[wrong][0]}; the benchmark's are 0 to "
            f"{len(class_names) - 1}.",
            hint=_remedy("", class_names),
        )
    return numbers.astype(np.int64)


def labels_of_array(labels: np.ndarray, class_names: Sequence[str], where: str) -> np.ndarray:
    """Read an array of class names or numbers as labels, int64 ``[N]``.

    Raises:
        DataError: Another type or shape, or a class that the benchmark has not.
    """
    if labels.dtype.kind == "U" and labels.ndim == 1:
        return labels_of_words([str(word) for word in labels], class_names, where)
    return labels_of_numbers(labels, class_names, where)


@dataclass(frozen=True)
class PathLabels:
    """Labels that lie in a place of images.

    Attributes:
        values: int64 ``[N]``, or None if nothing says what the images show.
        notes: What a reader of the scores must know about how they were found.
        used: Files that they were read from.
    """

    values: np.ndarray | None
    notes: tuple[str, ...] = ()
    used: tuple[Path, ...] = ()


def same_names(words: Sequence[str], class_names: Sequence[str]) -> list[str] | None:
    """Return the classes that words name, in whatever Unicode form; None if one names none."""
    known = {same_spelling(name): name for name in class_names}
    found = [known[word] for word in map(same_spelling, words) if word in known]
    return found if found and len(found) == len(words) else None


def labels_of_paths(paths: Sequence[str], class_names: Sequence[str], where: str) -> PathLabels:
    """Take labels from the first folder of each path.

    Folders are called by a class's name or number. Those called 00000, 00001, … by a program that
    numbers its images through all of them are no classes: the images are unlabelled then.

    Args:
        paths: N paths of images, relative to the samples' folder, with ``/``.
        class_names: K names in label order.
        where: Names the place in error messages.

    Returns:
        The labels; none if the images lie in no folder, or in chunks.

    Raises:
        DataError: Some images lie in folders and some do not, a folder is no class, or it is not
            clear whether folders are classes.
    """
    loose = [path for path in paths if "/" not in path]
    if len(loose) == len(paths):
        return PathLabels(None)
    if loose:
        inside = next(path for path in paths if "/" in path)
        raise DataError(
            f"{where} has images in folders ({inside}) and beside them ({loose[0]}).",
            hint="Put all images into class folders, or all into one folder.",
        )
    words = [path.split("/", 1)[0] for path in paths]
    named = same_names(words, class_names)
    if named is not None:
        return PathLabels(labels_of_words(named, class_names, where))
    folders = sorted(set(words))
    if are_padded(folders):
        reading = reading_of(paths, len(class_names))
        if reading == "either":
            raise _doubtful(folders, where)
        if reading == "chunks":
            note = f"unlabelled: folders like {folders[0]} are chunks of one numbering, no classes"
            return PathLabels(None, (note,))
    if all(map(role_of, folders)):
        raise DataError(
            f"{where} holds {', '.join(folders)}, which are splits of a data set, not classes.",
            hint=f"Give the one that is meant: {where}/{folders[0]}.",
        )
    return PathLabels(labels_of_words(words, class_names, where))


def _doubtful(folders: Sequence[str], where: str) -> DataError:
    return DataError(
        f"The folders of {where} ({', '.join(folders[:3])}{', …' if len(folders) > 3 else ''}) may "
        "be classes, or chunks of one numbered set of images.",
        hint="If they are classes, call them by names, or by numbers without zeros in front. If "
        "they are chunks, give --labels none, or labels in a file.",
    )


def _is_number(word: str, n: int) -> bool:
    return word.isascii() and word.isdigit() and int(word) < n


def _remedy(word: str, class_names: Sequence[str]) -> str:
    guess = did_you_mean(word, class_names) if word else ""
    if guess.startswith("Did"):
        return guess
    shown = ", ".join(class_names[:_MOST_NAMES]) + (", …" if len(class_names) > _MOST_NAMES else "")
    return (
        f"Classes go by their names ({shown}) or by their numbers (0 to {len(class_names) - 1}). "
        "Images without labels must lie directly in the folder that is given."
    )
