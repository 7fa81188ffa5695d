"""Fetches a published archive: pinned by its SHA-256, and in place only when it is verified."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from regene_bench.base.errors import DataError
from regene_bench.base.files import sweep_abandoned, whole_file
from regene_bench.base.version import __version__

_CHUNK_BYTES: Final = 1 << 18
_TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Archive:
    """A published file.

    Attributes:
        filename: Name under which it is kept.
        urls: Places that publish it, tried in order.
        sha256: Hash that it must have (hex).
    """

    filename: str
    urls: tuple[str, ...]
    sha256: str


def fetch(
    archive: Archive, folder: Path, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Download a file into a folder, or leave it alone if it is there with the right hash.

    Args:
        archive: What to fetch.
        folder: Made if it is not there.
        progress: Told bytes done and bytes in all (0 if the server does not say).

    Returns:
        Path of the verified file.

    Raises:
        DataError: No place could be reached, or what it sent has another hash; tells all reasons.
    """
    target = folder / archive.filename
    if target.is_file() and sha256_of(target) == archive.sha256:
        return target
    reasons = []
    for url in archive.urls:
        try:
            return _fetch_from(url, target, archive.sha256, progress)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reasons.append(f"  {url} ({_reason(error)})")
    raise DataError("\n".join([f"Cannot download {archive.filename}:", *reasons]))


def fetch_all(
    archives: Sequence[Archive],
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Fetch several files into one folder; see ``fetch``."""
    return [fetch(archive, folder, progress) for archive in archives]


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch_from(
    url: str, target: Path, sha256: str, progress: Callable[[int, int], None] | None
) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep_abandoned(target.parent, target.name)
    request = urllib.request.Request(url, headers={"User-Agent": f"regene-bench/{__version__}"})
    with whole_file(target) as part:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
            total = int(response.headers.get("Content-Length") or 0)
            got = _copy(response, part, total, progress)
        if got != sha256:
            raise ValueError(f"its SHA-256 is {got}, not {sha256}")
    return target


def _copy(
    source: IO[bytes],
    target: IO[bytes],
    total: int,
    progress: Callable[[int, int], None] | None,
) -> str:
    digest, done = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
        target.write(chunk)
        done += len(chunk)
        if progress:
            progress(done, total)
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code}"
    if isinstance(error, urllib.error.URLError):
        return f"no connection: {error.reason}"
    return str(error) or type(error).__name__
