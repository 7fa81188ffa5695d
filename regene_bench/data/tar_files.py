"""Files in a tar, packed or not, listed and read by their place without unpacking to disk."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from regene_bench.base.errors import DataError
from regene_bench.data.first_bytes import named_wrongly
from regene_bench.data.image_listing import same_spelling
from regene_bench.data.tar_headers import read_headers

TAR_SUFFIXES: Final = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
MOST_BYTES_A_FILE: Final = 1 << 28
_MOST_BYTES_AT_ONCE: Final = 1 << 16
_CHUNK: Final = 1 << 20
_DAMAGES = (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)


@dataclass(frozen=True, slots=True)
class TarFile:
    """A regular file in a tar.

    Attributes:
        name: Its path with ``/``, without parts that lead out of the tar, in Unicode's form NFC.
        archive: The tar.
        offset: Where its bytes begin in the tar, unpacked.
        size: How many there are.
        content: They themselves, where they were asked for.
    """

    name: str
    archive: Path
    offset: int
    size: int
    content: bytes | None = None


@dataclass(frozen=True)
class TarListing:
    """What a tar holds.

    Attributes:
        files: Its regular files, in its order.
        links: How many links and devices it holds, which are not read.
        is_closed: Whether it has an end mark, as a tar has whose writer was not broken off.
    """

    files: tuple[TarFile, ...]
    links: int
    is_closed: bool


def is_tar_name(name: str) -> bool:
    """Tell by its suffix whether a file is a tar, packed or not."""
    return name.lower().endswith(TAR_SUFFIXES)


def list_tar(path: Path, with_content: Collection[str] = ()) -> TarListing:
    """List the files of a tar.

    Args:
        path: The tar.
        with_content: Suffixes (``".cls"``) of files that are read at once if they are small.

    Raises:
        DataError: It is no tar, is damaged or packed in an unknown way, or two files have one name.
    """
    files: dict[str, TarFile] = {}

    def is_wanted(name: str) -> bool:
        return name[name.rfind(".") :].lower() in with_content

    with _reading(path) as file:
        headers = read_headers(file, is_wanted, _MOST_BYTES_AT_ONCE)
        is_closed = _check_rest(path, file, headers.end)
    for member in headers.members:
        name = _name_of(member.name)
        if name in files:
            raise DataError(f"{path} holds {name} twice.", hint="Make the tar again.")
        files[name] = TarFile(name, path, member.offset, member.size, member.content)
    return TarListing(tuple(files.values()), headers.links, is_closed)


def read_files(files: Sequence[TarFile]) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes of files, each with what error messages call it.

    A packed tar is read on from file to file, so that files in its order are read in one go.

    Raises:
        DataError: A tar is damaged; it is named.
    """
    place = 0
    while place < len(files):
        path = files[place].archive
        with _reading(path) as file:
            while place < len(files) and files[place].archive == path:
                one = files[place]
                if one.size > MOST_BYTES_A_FILE:
                    raise DataError(
                        f"{one.name} in {path} has {one.size} bytes: too many for an image.",
                        hint="Take it out of the tar.",
                    )
                file.seek(one.offset)
                content = file.read(one.size)
                if len(content) < one.size:
                    raise _damaged(path, "it ends early")
                yield f"{one.name} in {path}", content
                place += 1


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[IO[bytes]]:
    """Open a tar, unpacking it on the way, and name it in whatever goes wrong."""
    try:
        with path.open("rb") as raw:
            head = raw.read(6)
            raw.seek(0)
            with _unpacked(raw, head, path) as file:
                yield file
    except _DAMAGES as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise named_wrongly(path, ".tar") or _damaged(path, reason) from None


def _unpacked(
    raw: IO[bytes], head: bytes, path: Path
) -> contextlib.AbstractContextManager[IO[bytes]]:
    # by the first bytes: .tar.gz files are also called .tar
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]
    if head.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    if head.startswith(b"\xfd7zXZ"):
        return lzma.LZMAFile(raw)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        raise DataError(f"{path} is packed by Zstandard.", hint="Unpack it (zstd -d), or use gzip.")
    return contextlib.nullcontext(raw)


def _check_rest(path: Path, file: IO[bytes], end: int) -> bool:
    """Refuse what comes after the end, which tarfile passes over; tell whether there is an end."""
    file.seek(end)
    seen = 0
    while chunk := file.read(_CHUNK):
        if chunk.count(0) < len(chunk):
            raise DataError(
                f"{path} goes on after its end, or is damaged after {end} bytes.",
                hint="If several tars were joined, give each as a file in one folder; else make "
                "it again.",
            )
        seen += len(chunk)
    return seen >= tarfile.BLOCKSIZE


def _name_of(name: str) -> str:
    if "/" not in name:
        return same_spelling(name)
    parts = PurePosixPath(name).parts
    # nothing is written to disk, so a name that leads elsewhere is just a name
    return same_spelling("/".join(part for part in parts if part not in ("/", "//", "..")))


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(f"{path} is no tar, or damaged: {reason}.", hint="Make the tar again.")
