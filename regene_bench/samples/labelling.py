"""From what a user calls the classes (names, numbers, folders) to labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.data.chunk_folders import are_padded, reading_of
from regene_bench.data.class_names import (
    LABEL_NAMES,
    integer_names,
    labels_of_integers,
    labels_of_names,
)
from regene_bench.data.image_listing import same_spelling
from regene_bench.data.split_folders import role_of

_MOST_NAMES = 12
# what programs write where there is no label
_NO_CLASS = "-1"
_LEAVE_ALONE = "--labels none (labels='none')"


def labels_of_words(words: Sequence[str], class_names: Sequence[str], where: str) -> np.ndarray:
    """Read class names, or numbers, as labels.

    Words that all name classes (``class_names.labels_of_names``) are names; else all of them must
    be numbers from 0 to K - 1, which there are only where not all classes are called by integers.

    Args:
        words: N names or numbers.
        class_names: K names in label order.
        where: Names the place in error messages.

    Returns:
        int64 ``[N]``.

    Raises:
        DataError: A word is neither a name nor a number of a class, or could be the one of one
            class and the other of another.
    """
    distinct = list(dict.fromkeys(words))
    known = labels_of_names(distinct, class_names)
    if len(known) < len(distinct):
        numbers = _numbered(distinct, class_names)
        unknown = next((word for word in distinct if word not in numbers), None)
        if unknown is not None:
            neither = (word for word in distinct if word not in numbers and word not in known)
            example = next(neither, unknown)
            raise DataError(
                f"{where} has the class {example!r}, which the benchmark has not.",
                hint=_remedy(example, class_names),
            )
        _refuse_doubt(known, numbers, class_names, where)
        known = numbers
    return np.array([known[word] for word in words], dtype=np.int64)


def labels_of_numbers(numbers: np.ndarray, class_names: Sequence[str], where: str) -> np.ndarray:
    """Read integers as labels, by the rule of ``class_names.labels_of_integers``.

    Args:
        numbers: ``[N]``, any integers.
        class_names: K names in label order.
        where: Names the place in error messages.

    Returns:
        int64 ``[N]`` in [0, K).

    Raises:
        DataError: Not integers ``[N]``, an integer that means no class, or one that is the number
            of one class and the name of another.
    """
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        raise DataError(
            f"{where} has labels of shape {list(numbers.shape)} and type {numbers.dtype}.",
            hint=_conversion(numbers, class_names),
        )
    labels = labels_of_integers(numbers, class_names)
    if (labels < 0).any():
        if integer_names(class_names) is None:
            range_of_numbers = f"the benchmark's are 0 to {len(class_names) - 1}"
        else:
            range_of_numbers = "the benchmark's classes are called by other integers"
        raise DataError(
            f"{where} has the label {numbers[labels < 0][0]}; {range_of_numbers}.",
            hint=f"{_ways(class_names)} If these are no labels, give {_LEAVE_ALONE}.",
        )
    meant = {str(number): int(label) for number, label in _distinct(numbers, labels)}
    _refuse_doubt(labels_of_names(meant, class_names), meant, class_names, where)
    return labels


def labels_of_array(labels: np.ndarray, class_names: Sequence[str], where: str) -> np.ndarray:
    """Read an array of class names or numbers as labels, int64 ``[N]``.

    Raises:
        DataError: Another type or shape, or a class that the benchmark has not.
    """
    if labels.dtype.kind in "OT" and labels.ndim == 1:
        # pandas and numpy's own strings: what they hold decides
        labels = _plain(labels)
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


def are_class_names(folders: Sequence[str], class_names: Sequence[str]) -> bool:
    """Tell whether folders are called as classes are, before anything else they may be.

    Where classes are called by integers, ``00007`` is not: it may be a chunk as well as class 7.
    """
    if not folders:
        return False
    if integer_names(class_names) is not None:
        return {same_spelling(name) for name in folders} <= set(class_names)
    return len(labels_of_names(folders, class_names)) == len(folders)


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
    folders = sorted(set(words))
    named = are_class_names(folders, class_names)
    if not named and are_padded(folders):
        reading = reading_of(paths, _n_numbers(class_names))
        if reading == "either":
            raise _doubtful(folders, where)
        if reading == "chunks":
            note = f"unlabelled: folders like {folders[0]} are chunks of one numbering, no classes"
            return PathLabels(None, (note,))
    if not named and all(map(role_of, folders)):
        raise DataError(
            f"{where} holds {', '.join(folders)}, which are splits of a data set, not classes.",
            hint=f"Say which one is meant: --split {folders[0]}.",
        )
    return PathLabels(labels_of_words(words, class_names, where))


def _doubtful(folders: Sequence[str], where: str) -> DataError:
    return DataError(
        f"The folders of {where} ({', '.join(folders[:3])}{', …' if len(folders) > 3 else ''}) may "
        "be classes, or chunks of one numbered set of images.",
        hint="If they are classes, call them by names, or by numbers without zeros in front. If "
        "they are chunks, give --labels none (labels='none'), or labels in a file.",
    )


def without_labels(what: str, names: Sequence[str]) -> tuple[str, ...]:
    """Note that nothing is called as labels are, where something else might hold them.

    Args:
        what: ``"column"`` or ``"array"``.
        names: What there is beside the images.
    """
    if not names:
        return ()
    found = ", ".join(names)
    return (f"unlabelled: no {what} is called {LABEL_NAMES[0]} or the like (there is {found})",)


def _n_numbers(class_names: Sequence[str]) -> int:
    """How many numbers classes go by, from 0: more than classes where these are called by some."""
    return max(integer_names(class_names) or (len(class_names) - 1,)) + 1


def _numbered(words: Sequence[str], class_names: Sequence[str]) -> dict[str, int]:
    """Labels of the words that are numbers of classes; none where all names are integers."""
    if integer_names(class_names) is not None:
        return {}
    n = len(class_names)
    short = (word for word in words if word.isascii() and word.isdigit() and len(word) < 19)
    return {word: int(word) for word in short if int(word) < n}


def _plain(labels: np.ndarray) -> np.ndarray:
    values = labels.tolist()
    if all(isinstance(value, str) for value in values):
        return np.array(values, dtype=np.str_)
    if all(isinstance(value, int | np.integer) for value in values):
        # of more digits than any number of classes: they stay what they are, and are refused
        with suppress(OverflowError):
            return np.array(values, dtype=np.int64)
    return labels


def _distinct(numbers: np.ndarray, labels: np.ndarray) -> Iterable[tuple[int, int]]:
    _, first = np.unique(labels, return_index=True)
    return zip(numbers[first], labels[first], strict=True)


def _refuse_doubt(
    named: dict[str, int], numbered: dict[str, int], class_names: Sequence[str], where: str
) -> None:
    doubtful = next((word for word in named if named[word] != numbered[word]), None)
    if doubtful is not None:
        other = class_names[numbered[doubtful]]
        raise DataError(
            f"{where} has the label {doubtful}, which is the name of one class and the number of "
            f"another, {other!r}.",
            hint="Give the names of all classes, no numbers.",
        )


def _conversion(labels: np.ndarray, class_names: Sequence[str]) -> str:
    """Say how other labels become one integer or name an image; only what cannot go wrong."""
    wanted = "Labels must be one integer, or one class name, an image"
    if labels.ndim == 2 and 1 in labels.shape and labels.shape[1] != len(class_names):
        return f"{wanted}: labels.ravel()."
    if labels.ndim == 1 and labels.dtype.kind == "S":
        return f"{wanted}: labels.astype(str)."
    if labels.ndim == 1 and labels.dtype.kind == "b" and len(class_names) > 2:
        return f"{wanted}. True and False tell only two of {len(class_names)} classes apart."
    if labels.ndim == 1 and labels.dtype.kind in "bf" and _are_whole(labels):
        return f"{wanted}: labels.astype('int64')."
    if labels.ndim == 2 and labels.shape[1] == len(class_names) and _is_one_hot(labels):
        places = np.arange(len(class_names))
        # where integers are names, a column's number is not what its class is called by
        in_order = np.array_equal(labels_of_integers(places, class_names), places)
        names = "" if in_order else f"numpy.array([{', '.join(map(repr, class_names))}])"
        numbers = "labels.argmax(axis=1)"
        return (
            f"{wanted}. If the columns are the classes {_shown(class_names)} in this order: "
            f"{f'{names}[{numbers}]' if names else numbers}."
        )
    return f"{wanted}, in an array of one axis."


def _are_whole(labels: np.ndarray) -> bool:
    return bool(np.isfinite(labels).all() and (labels == np.floor(labels)).all())


def _is_one_hot(labels: np.ndarray) -> bool:
    if labels.dtype.kind not in "biuf":
        return False
    return bool(((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all())


def _remedy(word: str, class_names: Sequence[str]) -> str:
    if word == _NO_CLASS:
        return f"Images of no class are scored by {_LEAVE_ALONE}."
    # a class with another number in its name is another class, however alike they look
    alike = [name for name in class_names if _digits(name) == _digits(word)]
    guess = did_you_mean(word, alike)
    if guess.startswith("Did"):
        return guess
    return f"{_ways(class_names)} If these are no classes, give {_LEAVE_ALONE}."


def _digits(name: str) -> str:
    return "".join(filter(str.isdecimal, name))


def _ways(class_names: Sequence[str]) -> str:
    shown = _shown(class_names)
    if integer_names(class_names) is not None:
        return f"Classes go by their names, which are integers: {shown}."
    return f"Classes go by their names ({shown}) or by their numbers (0 to {len(class_names) - 1})."


def _shown(class_names: Sequence[str]) -> str:
    return ", ".join(class_names[:_MOST_NAMES]) + (", …" if len(class_names) > _MOST_NAMES else "")
