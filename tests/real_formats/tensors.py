"""Shards, tensors and arrays, as generators hand over their samples."""

from __future__ import annotations

from tests.real_formats.format import Format

FORMATS: tuple[Format, ...] = ()
