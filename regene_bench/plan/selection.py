"""The little language of ``--methods``, ``--seeds`` and ``--set``."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regene_bench.base.errors import UsageError

_MAX_SWEEP = 100_000


@dataclass(frozen=True)
class Selection:
    """One method, or one metric, as it was asked for.

    Attributes:
        name: Its name, possibly ``dist:name``.
        grid: One dict of parameters per model (or of options per metric); ``[{}]`` where none was
            given.
    """

    name: str
    grid: tuple[dict[str, Any], ...]


def parse_selections(text: str) -> list[Selection]:
    """Parse ``regene,cgan[noise_dim=0:128:2,width=32|64]``.

    Inside brackets ``a:b`` and ``a:b:step`` are ranges of whole numbers with the end left out,
    ``x|y`` is a list, and several keys make the product of their values.

    Raises:
        UsageError: Something does not parse; says where.
    """
    selections = []
    for part in split_outside_brackets(text):
        name, bracket, rest = part.partition("[")
        if not name:
            raise UsageError(f"A name is missing in {text!r}.")
        if bracket and not rest.endswith("]"):
            raise UsageError(f"The bracket of {part!r} is not closed.")
        selections.append(Selection(name.strip(), _grid(rest[:-1], part) if bracket else ({},)))
    if not selections:
        raise UsageError("Nothing was named.", hint="Example: --methods regene,cgan")
    return selections


def with_absolute_files(text: str) -> str:
    """Give the same selection with absolute paths of methods in files (``idea.py:Mine[width=8]``).

    For a selection that is read in another working folder.
    """
    return ",".join(_with_absolute_file(part) for part in split_outside_brackets(text))


def settings_with_absolute_files(settings: Sequence[str]) -> tuple[str, ...]:
    """Give the same ``--set`` items with absolute paths of methods in files."""
    return tuple(_setting_with_absolute_file(item) for item in settings)


def _setting_with_absolute_file(item: str) -> str:
    left, equals, value = item.partition("=")
    method, dot, key = left.strip().rpartition(".")
    return f"{_with_absolute_file(method)}{dot}{key}{equals}{value}"


def _with_absolute_file(part: str) -> str:
    name, bracket, rest = part.partition("[")
    path, colon, method = name.rpartition(":")
    if not path.endswith(".py"):
        return part
    return f"{Path(path).absolute()}{colon}{method}{bracket}{rest}"


def parse_seeds(text: str) -> list[int]:
    """Parse ``3`` (seeds 0, 1, 2) or ``0,1,5`` (these; ``5,`` for a single one).

    Raises:
        UsageError: Not whole numbers, none, negative, or twice the same.
    """
    hint = "Write a count (--seeds 3) or a list (--seeds 0,1,2; --seeds 5, for one)."
    try:
        numbers = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise UsageError(f"Seeds {text!r} are not whole numbers.", hint=hint) from None
    if "," not in text:
        if not numbers or numbers[0] < 1:
            raise UsageError(f"At least one seed is needed, not {text!r}.", hint=hint)
        if numbers[0] > _MAX_SWEEP:
            raise UsageError(f"{numbers[0]} seeds are more than {_MAX_SWEEP}.", hint=hint)
        return list(range(numbers[0]))
    if not numbers or min(numbers) < 0 or len(set(numbers)) != len(numbers):
        raise UsageError(f"Seeds {text!r} must be distinct and not negative.", hint=hint)
    if max(numbers) >= 2**63:
        raise UsageError(f"Seeds {text!r} must be below 2**63.", hint=hint)
    return numbers


def parse_settings(settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Parse ``method.key=value`` items into a table per method.

    Raises:
        UsageError: An item has another form, or a key is set twice.
    """
    tables: dict[str, dict[str, Any]] = {}
    for item in settings:
        left, equals, value = item.partition("=")
        method, dot, key = left.strip().rpartition(".")
        if not (equals and dot and method and key):
            raise UsageError(f"Cannot read --set {item!r}.", hint="Write METHOD.KEY=VALUE.")
        table = tables.setdefault(method, {})
        if key in table:
            raise UsageError(f"--set gives {method}.{key} twice.")
        table[key] = parse_value(value)
    return tables


def parse_value(text: str) -> Any:
    """Read a JSON value (``3``, ``1e-4``, ``true``, ``[1,2]``); anything else is a string."""
    word = text.strip()
    try:
        return json.loads(word)
    except json.JSONDecodeError:
        return {"True": True, "False": False, "None": None}.get(word, word)


def split_outside_brackets(text: str) -> list[str]:
    """Split at commas, but for those within brackets."""
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    parts.append(current)
    return [part.strip() for part in parts if part.strip()]


def _grid(text: str, where: str) -> tuple[dict[str, Any], ...]:
    axes: dict[str, list[Any]] = {}
    for item in split_outside_brackets(text):
        key, equals, value = item.partition("=")
        key = key.strip()
        if not equals or not key or not value.strip():
            raise UsageError(
                f"Cannot read {item!r} in {where!r}.",
                hint="Write key=value, key=a|b or key=a:b:step.",
            )
        if key in axes:
            raise UsageError(f"{where!r} gives {key} twice.")
        axes[key] = _values(value.strip(), where)
    if not axes:
        raise UsageError(f"The brackets of {where!r} are empty.")
    models = math.prod(len(values) for values in axes.values())
    if models > _MAX_SWEEP:
        raise UsageError(f"The grid of {where!r} has {models} models; {_MAX_SWEEP} are the most.")
    product = itertools.product(*axes.values())
    return tuple(dict(zip(axes, values, strict=True)) for values in product)


def _values(text: str, where: str) -> list[Any]:
    if re.fullmatch(r"[-+\d.:\s]*:[-+\d.:\s]*", text):
        try:
            bounds = [int(part) for part in text.split(":")]
        except ValueError:
            bounds = []
        if len(bounds) not in (2, 3) or (len(bounds) == 3 and bounds[2] == 0):
            raise UsageError(
                f"Cannot read the range {text!r} in {where!r}.",
                hint="A range is start:end or start:end:step, in whole numbers, end left out.",
            )
        numbers = range(*bounds)
        if not numbers or len(numbers) > _MAX_SWEEP:
            raise UsageError(f"The range {text!r} in {where!r} has {len(numbers)} values.")
        return list(numbers)
    return [parse_value(part) for part in text.split("|")]
