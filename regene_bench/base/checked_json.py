"""JSON files that hold a checksum of themselves: a flipped bit may turn one digit into another."""

from __future__ import annotations

import json
from typing import Any, Final

from regene_bench.base.checksums import checksum

CHECKSUM: Final = "checksum"
"""The key; whoever changes a file on purpose takes it out."""


def checked_json(told: dict[str, Any]) -> bytes:
    """Write a table as JSON for people to read, with its checksum at the end."""
    text = json.dumps({**told, CHECKSUM: _checksum(told)}, indent=2, ensure_ascii=False)
    return text.encode()


def is_as_written(found: dict[str, Any]) -> bool:
    """Take the checksum out of a table that was read, and tell whether it is the table's.

    Older versions wrote none; without one nothing can be told against a table.
    """
    return found.pop(CHECKSUM, None) in (None, _checksum(found))


def _checksum(told: dict[str, Any]) -> str:
    return checksum([json.dumps(told, sort_keys=True).encode()])
