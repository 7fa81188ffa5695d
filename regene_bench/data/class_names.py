"""How classes are ordered, numbered and spelled: one rule for all that read images or labels.

* Classes stand in the order of a file's own list of them, else in natural order: as text, but a run
  of digits counts as one number (``2`` before ``10``).
* An integer is a class's place in that order, from 0. Only where all classes are called by integers
  does it mean the class of that name, whatever its place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np

LABEL_NAMES: Final = ("label", "labels", "fine_label", "target", "targets", "cls", "y", "class")
"""What columns and arrays of labels are usually called; the first that is there is taken."""

# other scripts' digits are letters here, as they are to those who wrote them into a file name
_DIGITS: Final = frozenset("0123456789")
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_PARTS: Final = re.compile(r"[0-9]+|[^0-9]")
_SIGN: Final = re.compile(r"(?<!\w)[-\N{MINUS SIGN}](?=[0-9])")
_BETWEEN_DIGITS: Final = re.compile(r"(?<=[0-9])[\W_]+(?=[0-9])")
_SEPARATORS: Final = frozenset(("Zs", "Cc", "Pd", "Pc", "Ps", "Pe", "Pi", "Pf"))
_MARKS: Final = frozenset("/\\.,:;'\"")

_Key = TypeVar("_Key", bound=Hashable)


def natural_key(name: str) -> tuple[tuple[str, int, str], ...]:
    """Key that sorts names as people do: ``2`` before ``10``, ``a2`` before ``a10``.

    Names without digits sort as text does, by code points.
    """
    # a run of digits stands where its first digit would: longer numbers are larger
    return tuple(
        ("0", len(digits := part.lstrip("0")), digits) if part[0] in _DIGITS else (part, 0, "")
        for part in _PARTS.findall(name)
    )


def in_natural_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort class names that no file lists in an order of its own; ``01`` stands before ``1``."""
    return tuple(sorted(names, key=lambda name: (natural_key(name), name)))


def integer_names(names: Sequence[str]) -> Mapping[int, int] | None:
    """Tell which integer means which class where all classes are called by integers.

    Args:
        names: K class names in label order.

    Returns:
        Labels by integer, or None where a name is no integer. Where two names are the same integer
        (``1`` and ``01``), it means neither.
    """
    if not names or not all(_INTEGER.fullmatch(name) for name in names):
        return None
    return _only_single((int(name), label) for label, name in enumerate(names))


def labels_of_integers(integers: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Number the classes that integers mean.

    Args:
        integers: ``[N]``, any type of integers.
        names: K class names in label order.

    Returns:
        int64 ``[N]``: labels in [0, K), and -1 where an integer means no class.
    """
    meant = integer_names(names)
    distinct, places = np.unique(integers, return_inverse=True)
    if meant is None:
        meant = {label: label for label in range(len(names))}
    labels = np.array([meant.get(int(value), -1) for value in distinct], dtype=np.int64)
    found: np.ndarray = labels[places.reshape(integers.shape)]
    return found


def labels_of_names(words: Iterable[str], names: Sequence[str]) -> dict[str, int]:
    """Find the classes that are called by some words.

    The very name goes first, then the same integer (``07`` is ``7``) where all classes are called
    by integers; otherwise the same spelling: capitals, blanks, dashes, brackets, slashes and dots
    do not count, nor in which of its forms Unicode writes an accent ("T - shirt / top" is
    "T-shirt/top"). A spelling that two classes share means neither.

    Args:
        words: What classes may be called.
        names: K class names in label order.

    Returns:
        The label of each word that names a class.
    """
    exact = {name: label for label, name in enumerate(names)}
    integers = integer_names(names)
    spelled = _only_single((_spelling(name), label) for label, name in enumerate(names))
    found: dict[str, int] = {}
    for word in words:
        label = exact.get(word)
        if label is None and integers is not None:
            label = integers.get(int(word)) if _INTEGER.fullmatch(word) else None
        elif label is None and (spelling := _spelling(word)):
            label = spelled.get(spelling)
        if label is not None:
            found[word] = label
    return found


def _only_single(pairs: Iterable[tuple[_Key, int]]) -> dict[_Key, int]:
    labels: dict[_Key, set[int]] = {}
    for key, label in pairs:
        labels.setdefault(key, set()).add(label)
    return {key: own.pop() for key, own in labels.items() if len(own) == 1}


def _spelling(name: str) -> str:
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    # 1.5 is not 15, and class -1 is not class 1
    pieces = _BETWEEN_DIGITS.split(_SIGN.sub("±", text))
    return "|".join("".join(filter(_counts, piece)) for piece in pieces)


def _counts(letter: str) -> bool:
    return letter not in _MARKS and unicodedata.category(letter) not in _SEPARATORS
