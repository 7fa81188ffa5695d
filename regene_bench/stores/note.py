"""What a mirror has of a store: stamps and sizes there, and what lies here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from regene_bench.base.files import write_atomically


class Copy(NamedTuple):
    """A file of the mirror that is as an object was.

    Attributes:
        stamp: The object's.
        size: Bytes of both.
        changed: When the file was written, in ns.
        inode: Of the file; another one after every change.
    """

    stamp: str
    size: int
    changed: int = 0
    inode: int = 0

    def is_still(self, status: os.stat_result | None) -> bool:
        """Tell whether a file is what it was when it was noted."""
        return status is not None and (self.size, self.changed, self.inode) == (
            status.st_size,
            status.st_mtime_ns,
            status.st_ino,
        )

    @classmethod
    def of(cls, stamp: str, status: os.stat_result) -> Copy:
        """Note a file that is as the object of a stamp."""
        return cls(stamp, status.st_size, status.st_mtime_ns, status.st_ino)


def read_note(path: Path) -> dict[str, Copy]:
    """Read a note, a line a file, of which a later one counts.

    A line that a kill left half, and a note that is not there, say nothing: what they would have
    told of is fetched again.
    """
    found: dict[str, Copy] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return found
    for line in lines:
        try:
            match json.loads(line):
                case [str(key), str(stamp), int(size), int(changed), int(inode)]:
                    found[key] = Copy(stamp, size, changed, inode)
                case [str(key)]:
                    found.pop(key, None)
        except ValueError:
            continue
    return found


def write_note(path: Path, copies: Mapping[str, Copy]) -> None:
    """Write a note anew.

    Raises:
        OSError: As the file system has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, _lines(copies.items()))


def add_to_note(path: Path, key: str, copy: Copy) -> None:
    """Add a line to a note; for one writer at a time.

    Raises:
        OSError: As the file system has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        # whatever a kill has left of the line before is a line of its own then
        file.write(b"\n" + _lines([(key, copy)]))


def _lines(copies: Iterable[tuple[str, Copy]]) -> bytes:
    return "".join(f"{json.dumps([key, *copy])}\n" for key, copy in copies).encode()
