"""One text for one value: the JSON that run ids are hashed from."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

ID_LENGTH = 16
_READS_AS_A_NUMBER = re.compile(r"[0-9]+(e[0-9]+)?")


def canonical_json(value: Any) -> str:
    """Write a value as JSON that does not depend on key order or on who wrote it.

    Keys are sorted, there are no spaces, floats stand as Python's shortest round-trip form and
    everything is ASCII. ``1``, ``1.0`` and ``true`` are three different values; tuples are lists.

    Args:
        value: ``None``, booleans, numbers, strings, and lists, tuples and mappings of them.

    Raises:
        ValueError: A float is NaN or infinite.
        TypeError: A value has another type, or a mapping has a key that is not a string (JSON
            would silently turn ``1`` into ``"1"``, and two different mappings would meet).
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def stable_id(value: Any) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of a value's canonical JSON.

    One in seven hundred would read as a number (``0123456789012345``, ``12345678e9012345``), which
    is what spreadsheets and readers of CSV files make of it. Of those the first digit becomes a
    letter.
    """
    digits = hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()[:ID_LENGTH]
    return as_text(digits) if _READS_AS_A_NUMBER.fullmatch(digits) else digits


def as_text(digits: str) -> str:
    """Write an id of digits so that nobody takes it for a number."""
    return "abcdef"[int(digits[0]) % 6] + digits[1:]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no canonical JSON; use a finite number or null")
        return value
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is not a string; canonical JSON needs strings")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical JSON; convert {value!r} first")
