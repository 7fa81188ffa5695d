"""File names from names of unknown origin."""

from __future__ import annotations

import hashlib
import re

_LONGEST = 60


def slug(text: str) -> str:
    """Write a text as a name that is safe in a path and in a link, different for different texts.

    Only ``a-z``, ``0-9``, ``-`` and ``_`` are left; where something had to go, a hash stands for
    it, so that ``GAN`` and ``gan`` do not meet where capitals do not count.
    """
    plain = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")[:_LONGEST]
    if plain == text and plain:
        return plain
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain}-{mark}" if plain else mark
