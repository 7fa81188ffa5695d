"""Lengths of time on the command line."""

from __future__ import annotations

import re

from regene_bench.base.errors import UsageError

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float:
    """Read ``540``, ``90s``, ``9m`` or ``1.5h`` as seconds.

    Raises:
        UsageError: It is none of these, or not positive.
    """
    match = re.fullmatch(r"(\d+(?:\.\d*)?)\s*([smh]?)", text.strip())
    if match is None or float(match[1]) <= 0:
        raise UsageError(f"Cannot read the time {text!r}.", hint="Examples: 540, 90s, 9m, 1.5h.")
    return float(match[1]) * _UNITS[match[2]]
