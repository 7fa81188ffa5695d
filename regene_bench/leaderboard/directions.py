"""Which of two values is better, given a column's direction."""

from __future__ import annotations

from collections.abc import Callable

Loss = Callable[[float], float]
"""A function of a value that is the smaller, the better the value."""

BETTER = {
    "higher": "higher is better",
    "lower": "lower is better",
    "reference": "nearest to real images is best",
    "none": "no better way",
}


def loss_of(direction: str, reference: float | None) -> Loss | None:
    """Give the function that is smaller for better values, or ``None`` where none is better.

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
