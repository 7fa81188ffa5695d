"""A short mark of bytes that differs when a bit of them has changed.

It guards against damage, not against forgery: CRC-32, of which a core does gigabytes a second.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any


def checksum(pieces: Iterable[Any]) -> str:
    """Give 8 hexadecimal digits for bytes-like pieces, as if they were one.

    Every change of one bit, or within 32 bits in a row, gives other digits; any other change does
    but once in four thousand million.
    """
    value = 0
    for piece in pieces:
        value = zlib.crc32(piece, value)
    return f"{value:08x}"
