"""A seal of a Parquet file, which covers every byte of it, and what may lie before the seal.

Parquet's own checksums cover its pages, and what is in the footer is believed: a flipped bit there
gives other numbers, or reads one column as another. The seal lies between the last page and the
footer, where any reader of Parquet passes over it, and where a tool that writes the rows anew does
not take it along. The same holds of the extra content that may lie between pages and seal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from regene_bench.base.checksums import checksum
from regene_bench.base.errors import ResultsError

_MARK = b"regene-bench seal "
_EXTRA_MARK = b"regene-bench rows "
_DIGITS = 8
_EXTRA = re.compile(re.escape(_EXTRA_MARK) + b"([0-9a-f]{%d})" % _DIGITS)
_SEAL = len(_MARK) + _DIGITS
_EXTRA_END = len(_EXTRA_MARK) + _DIGITS
# the length of the footer, and the magic word
_TAIL = 8


@dataclass(frozen=True)
class SealedFile:
    """The bytes of a Parquet file that are what was written, as far as they tell.

    Attributes:
        content: All of them.
        is_sealed: Whether a seal vouches for them.
        extra: What was written beside the pages, if anything was.
    """

    content: bytes
    is_sealed: bool
    extra: bytes | None = None


def sealed(content: bytes, extra: bytes | None = None) -> bytes:
    """Put a seal into a Parquet file.

    Args:
        content: The file.
        extra: What to put in beside the pages, less than 4 GiB.
    """
    cut = _footer(content)
    pages, footer = content[:cut], content[cut:]
    if extra is not None:
        pages = b"".join((pages, extra, _EXTRA_MARK, f"{len(extra):0{_DIGITS}x}".encode()))
    return b"".join((pages, _seal(pages, footer), footer))


def read_sealed(path: Path) -> SealedFile:
    """Read a file whole, and hold it to its seal if it has one.

    Raises:
        ResultsError: It is empty, or its bytes are not those that were sealed.
        OSError: It cannot be read.
    """
    content = path.read_bytes()
    if not content:
        raise ResultsError("the file is empty")
    view = memoryview(content)
    cut = _footer(content)
    end = max(0, cut - _SEAL)
    seal = bytes(view[end:cut])
    if not seal.startswith(_MARK):
        return SealedFile(content, is_sealed=False)
    if seal != _seal(view[:end], view[cut:]):
        raise ResultsError("damaged: its bytes are not those that were written")
    return SealedFile(content, is_sealed=True, extra=_extra(content, end))


def is_sealed(path: Path) -> bool:
    """Tell whether a file has a seal, be it right or wrong."""
    content = path.read_bytes()
    cut = _footer(content)
    return content[max(0, cut - _SEAL) : cut].startswith(_MARK)


def footer_of(content: bytes) -> bytes:
    """The footer of a Parquet file, with its length and the magic word; all of another file."""
    return content[_footer(content) :]


def _extra(content: bytes, end: int) -> bytes | None:
    """What ends before a seal that holds; ``None`` if there is nothing."""
    start = max(0, end - _EXTRA_END)
    told = _EXTRA.fullmatch(content[start:end])
    length = int(told[1], 16) if told else 0
    return content[start - length : start] if 0 < length <= start else None


def _footer(content: bytes) -> int:
    """Where the footer begins; 0 if that cannot be."""
    if len(content) < _TAIL:
        return 0
    length = int.from_bytes(content[-_TAIL : -_TAIL + 4], "little")
    return max(0, len(content) - _TAIL - length)


def _seal(pages: bytes | memoryview, footer: bytes | memoryview) -> bytes:
    return _MARK + checksum([pages, footer]).encode()
