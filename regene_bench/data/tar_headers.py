"""The headers of a tar: of plain ones read here, of all others by the standard library.

Shards of small images hold as many bytes of headers as of images, and ``tarfile`` takes longer for
a header than Pillow for such an image. Most shards hold nothing but regular files, whose headers
say what to look for at fixed places; a tar with anything else is left to ``tarfile``.
"""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Final

_BLOCK: Final = tarfile.BLOCKSIZE
_END: Final = bytes(_BLOCK)
_MOST_EXTENDED: Final = 1 << 16
# keywords of extended headers that change what the next header says; times and owners do not
_CHANGES: Final = re.compile(rb" (?:path|size|linkpath|hdrcharset|GNU\.sparse[^=]*)=")
_ADLER: Final = 65521


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file: its name as it stands in the tar, where its bytes begin, how many there are,
    and they themselves where they were asked for."""

    name: str
    offset: int
    size: int
    content: bytes | None


@dataclass(frozen=True)
class Headers:
    """All regular files of a tar in its order, how many links and devices it has, and where its
    last member ends."""

    members: tuple[Member, ...]
    links: int
    end: int


def read_headers(file: IO[bytes], wanted: Callable[[str], bool], most: int) -> Headers:
    """Read all headers of a tar.

    Args:
        file: The tar, unpacked, that can be sought in.
        wanted: Tells by name whether to read a file's content, too.
        most: No content of more bytes is read.

    Raises:
        tarfile.TarError: It is no tar, or damaged.
    """
    plain = _read_plain(file, wanted, most)
    if plain is not None:
        return plain
    file.seek(0)
    return _read_any(file, wanted, most)


def _read_plain(file: IO[bytes], wanted: Callable[[str], bool], most: int) -> Headers | None:
    """Read a tar of regular files and folders with short names; None if it has anything else."""
    members: list[Member] = []
    place = 0
    while (header := file.read(_BLOCK)) not in (b"", _END):
        fields = _plain_fields(header)
        if fields is None:
            return None
        kind, name, size = fields
        room = -(-size // _BLOCK) * _BLOCK
        offset = place + _BLOCK
        content = None
        if kind == tarfile.XHDTYPE:
            if size > _MOST_EXTENDED:
                return None
            extended = file.read(room)
            if len(extended) < room or _CHANGES.search(extended):
                return None
        else:
            if kind == tarfile.REGTYPE:
                if size <= most and wanted(name):
                    content = file.read(size)
                members.append(Member(name, offset, size, content))
            file.seek(offset + room)
        place = offset + room
    # what is cut off is named by tarfile, which looks behind every file
    file.seek(max(0, place - 1))
    return Headers(tuple(members), 0, place) if place and file.read(1) else None


def _plain_fields(header: bytes) -> tuple[bytes, str, int] | None:
    """Type, name and size of what follows; None where more than the plain fields counts."""
    kind = header[156:157]
    if kind not in (tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.XHDTYPE):
        return None
    if len(header) < _BLOCK or header[257:262] != b"ustar" or header[345]:
        return None
    try:
        size = int(header[124:135], 8)
        checksum = int(header[148:154], 8)
        name = header[:100].rstrip(b"\0").decode("utf-8")
    except ValueError:
        return None
    # the sum of all bytes, its own eight counted as blanks; Adler-32's lower half is 1 and such a
    # sum, and takes a tenth of the time
    whole = checksum - 8 * ord(" ") + sum(header[148:156])
    if zlib.adler32(header) & 0xFFFF != (1 + whole) % _ADLER:
        return None
    return kind, name, size


def _read_any(file: IO[bytes], wanted: Callable[[str], bool], most: int) -> Headers:
    members: list[Member] = []
    links = 0
    with tarfile.open(fileobj=file, mode="r:") as archive:
        while (found := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]  # or it keeps every one
            if found.isreg() and not found.issparse():
                content = None
                if found.size <= most and wanted(found.name):
                    file.seek(found.offset_data)
                    content = file.read(found.size)
                members.append(Member(found.name, found.offset_data, found.size, content))
            elif not found.isdir():
                links += 1
        return Headers(tuple(members), links, archive.offset)
