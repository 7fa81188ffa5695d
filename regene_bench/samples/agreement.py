"""Two places that label the same samples: they must say the same, or the user says which counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.class_names import labels_of_integers, labels_of_names

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True)
class Told:
    """What one place says.

    Attributes:
        place: Name that ``--labels`` takes: a column, a field or a kind of member.
        words: What it says of each of N samples; None where it says nothing.
    """

    place: str
    words: Sequence[str | None]


def as_word(value: Any) -> str | None:
    """Return a label as text; None for what is neither an integer nor text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value).strip()


def check_agreement(
    told: Sequence[Told], class_names: Sequence[str], name_of: Callable[[int], str]
) -> None:
    """Refuse samples that two places label differently; a class's name and number are alike.

    Args:
        told: What places say of the same N samples; the first is what would count.
        class_names: K names in label order.
        name_of: Names sample ``i`` in error messages.

    Raises:
        DataError: A sample has two labels, or the other place says something that is no class.
    """
    for other in told[1:]:
        _check_pair(told[0], other, class_names, name_of)


def _check_pair(
    first: Told, other: Told, class_names: Sequence[str], name_of: Callable[[int], str]
) -> None:
    said = {*first.words, *other.words}
    meant = _meanings([word for word in said if word is not None], class_names)
    for i, (one, two) in enumerate(zip(first.words, other.words, strict=True)):
        if one is None or two is None or one == two:
            continue
        if one not in meant or meant[one] != meant.get(two):
            raise DataError(
                f"{name_of(i)} has the label {one!r} by {first.place!r}, but {two!r} by "
                f"{other.place!r}.",
                hint=f"Say which one counts: --labels {first.place} or --labels {other.place}.",
            )


def _meanings(words: Sequence[str], class_names: Sequence[str]) -> dict[str, int]:
    numbers = [word for word in words if _INTEGER.fullmatch(word)]
    labels = labels_of_integers(np.array([int(word) for word in numbers], np.int64), class_names)
    by_number = {word: int(one) for word, one in zip(numbers, labels, strict=True) if one >= 0}
    return by_number | labels_of_names(words, class_names)
