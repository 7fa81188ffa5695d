"""What Hugging Face's libraries and its Hub leave on a disk."""

from __future__ import annotations

from tests.real_formats.format import Format

FORMATS: tuple[Format, ...] = ()
