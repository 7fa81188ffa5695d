"""Which of two values is better, given a column's direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SortKey = Callable[[float], float]
"""A function of a value whose result is the smaller, the better the value."""

BETTER = {
    "higher": "higher is better",
    "lower": "lower is better",
    "reference": "nearest to real images is best",
    "none": "no better way",
}


def sort_key_of(direction: str, reference: float | None) -> SortKey | None:
    """Give the key that sorts better values first, or ``None`` where no value is better.

    Args:
        direction: ``"lower"``, ``"higher"``, ``"reference"`` (nearest to the real images' value),
            or ``"none"``.
        reference: The value of the reference line, if the board has one; without it the direction
            ``"reference"`` orders nothing.
    """
    if direction == "lower":
        return lambda value: value
    if direction == "higher":
        return lambda value: -value
    if direction == "reference" and reference is not None:
        return lambda value: abs(value - reference)
    return None


def sort_keys_of(values: np.ndarray, direction: str, reference: float | None) -> np.ndarray:
    """Turn values of one column into numbers that are the smaller, the better the value.

    Args:
        values: float64, of any shape.
        direction, reference: As of ``sort_key_of``; some value must be better than another.
    """
    if direction == "lower":
        return values
    keys: np.ndarray = -values if direction == "higher" else abs(values - reference)
    return keys
