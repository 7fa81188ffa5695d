"""From what a metric hands over to a row of the leaderboard, checked where it is handed over.

What is plainly meant is taken for it (a tensor of one value is that value); all else is an error of
the metric, and not of the file that would have to hold it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any, get_args

from regene_bench.base.errors import MethodError
from regene_bench.base.guard import NOT_A_FAULT
from regene_bench.base.text import storable
from regene_bench.data.shapes import Split
from regene_bench.evaluation.extractor import ExtractorCard
from regene_bench.evaluation.metric import Column, Metric, Score, Skipped
from regene_bench.leaderboard.record import ScoreRow, ScoreStatus

_MOST_IMAGES = 1 << 63
# an end of an interval that was rounded may lie beside the value by so much of it
_ROUNDING = 1e-6


def empty_row(
    metric: Metric, column: Column, status: ScoreStatus, kind: str, text: str
) -> ScoreRow:
    """The row of a column that has no score.

    Args:
        metric: The metric, whose extractor and split the row names.
        column: One of its columns.
        status: Why there is none, in a word.
        kind: The same as the name of an error.
        text: The same in a sentence.
    """
    try:
        extractors, reference = metric.extractors, metric.reference
    except NOT_A_FAULT:
        raise
    except BaseException:  # a failure must be told of, whatever else of the metric fails
        extractors, reference = (), None
    return ScoreRow(
        metric=column.name,
        status=status,
        error_type=storable(kind),
        error_message=storable(text),
        direction=column.direction,
        unit=column.unit,
        extractor_id=extractors[0] if len(extractors) == 1 else None,
        reference_split=reference,
    )


def row_of(metric: Metric, columns: Mapping[str, Column], given: Score | Skipped) -> ScoreRow:
    """The row of a score.

    Args:
        metric: Who measured it.
        columns: The metric's, by name.
        given: What it handed over.

    Raises:
        MethodError: Something of it cannot stand in a row, or cannot be true.
    """
    if not isinstance(given, Score | Skipped):
        raise MethodError(f"measure gave a {type(given).__name__}, not a Score.")
    if given.column not in columns:
        raise MethodError(
            f"measure gave a score for {given.column!r}, which is none of the metric's columns.",
            hint=f"It declares {', '.join(columns)}.",
        )
    column = columns[given.column]
    if isinstance(given, Skipped):
        return empty_row(metric, column, "skipped", "NotApplicable", str(given.reason))
    name, card = given.column, given.card
    value = _number(given.value, f"The value of {name}")
    low, high = _interval(given.interval, value, name)
    if card is None and metric.extractors:
        raise MethodError(
            f"The score {name} does not say which extractor it rests on.",
            hint="Give Score(card=evaluation.card(name)).",
        )
    if card is not None and not isinstance(card, ExtractorCard):
        raise MethodError(f"The card of {name} is a {type(card).__name__}.", hint=_CARD)
    return ScoreRow(
        metric=name,
        value=value,
        std=None if given.std is None else _spread(given.std, name),
        ci_low=low,
        ci_high=high,
        class_name=None
        if given.class_name is None
        else _text(given.class_name, f"The class of {name}"),
        n_real=_count(given.n_real, f"The n_real of {name}"),
        n_generated=_count(given.n_generated, f"The n_generated of {name}"),
        direction=column.direction,
        unit=column.unit,
        extractor_id=card.id if card else None,
        weights_sha256=card.weights_sha256 if card else None,
        preprocess_id=card.preprocess_id if card else None,
        reference_split=_split(given.reference_split, name),
        note=_text(given.note, f"The note of {name}"),
    )


_CARD = "Give the extractor's own: evaluation.card(name)."


def _number(value: Any, what: str) -> float:
    """Take numbers, and tensors and arrays of one value, for a float."""
    if isinstance(value, str | bytes):
        raise MethodError(f"{what} is the text {value!r}, not a number.")
    try:
        number = float(value.item() if hasattr(value, "item") else value)
    except Exception:
        raise MethodError(f"{what} is a {type(value).__name__}, no number.") from None
    if not math.isfinite(number):
        raise MethodError(f"{what} is {number}; a score is finite.")
    return number


def _spread(std: Any, name: str) -> float:
    spread = _number(std, f"The spread of {name}")
    if spread < 0:
        raise MethodError(f"The spread of {name} is {spread}, less than 0.")
    return spread


def _interval(interval: Any, value: float, name: str) -> tuple[float | None, float | None]:
    if interval is None:
        return None, None
    try:
        low, high = interval
    except (TypeError, ValueError):
        raise MethodError(
            f"The interval of {name} is {interval!r}.", hint="Give its two ends: (low, high)."
        ) from None
    low, high = (_number(end, f"An end of the interval of {name}") for end in (low, high))
    near = _ROUNDING * max(abs(value), abs(low), abs(high))
    if not low - near <= value <= high + near:
        raise MethodError(f"The interval of {name}, {low} to {high}, does not hold its {value}.")
    return low, high


def _count(count: Any, what: str) -> int | None:
    if count is None:
        return None
    try:
        number = operator.index(count)
    except Exception:
        raise MethodError(
            f"{what} is {count!r}, no whole number.", hint="Give len(images)."
        ) from None
    if not 0 <= number < _MOST_IMAGES:
        raise MethodError(f"{what} is {number}, no number of images.")
    return number


def _class(class_name: Any, name: str) -> str | None:
    return None if class_name is None else _text(class_name, f"The class of {name}")


def _split(split: Any, name: str) -> Split | None:
    if split is not None and split not in get_args(Split):
        raise MethodError(
            f"The reference split of {name} is {split!r}.", hint="It is 'train' or 'test'."
        )
    found: Split | None = split
    return found


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise MethodError(f"{what} is a {type(value).__name__}, not text.")
    return storable(value)
