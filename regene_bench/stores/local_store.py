"""A store that is a folder: to try results on a store without a server.

Conditions are held by a lock file, which the processes of one machine, and of machines with a file
system that locks, heed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from regene_bench.base.disk import disk_error
from regene_bench.base.files import write_atomically
from regene_bench.stores.store import Stored, check_key

_LOCK = ".lock"
_POLL_SECONDS = 0.002


class LocalStore:
    """A folder as a store.

    Args:
        folder: Where objects lie, a file each; made when first written to.

    Attributes:
        address: ``file:///folder``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self.address = self._folder.as_uri()
        self._one_thread = threading.RLock()

    def list(self, folder: str) -> list[Stored]:
        """As of ``ResultsStore``."""
        root = self._folder / check_key(folder) if folder else self._folder
        with self._told("read", root):
            found = [self._stored(path, status) for path, status in _files(root)]
        return sorted(found, key=lambda stored: stored.key)

    def look(self, key: str) -> Stored | None:
        """As of ``ResultsStore``."""
        path = self._path(key)
        with self._told("read", path):
            try:
                return self._stored(path, path.stat())
            except (FileNotFoundError, NotADirectoryError):
                return None

    def get(self, key: str) -> tuple[bytes, str] | None:
        """As of ``ResultsStore``."""
        path = self._path(key)
        with self._told("read", path):
            try:
                with path.open("rb") as file:
                    return file.read(), _stamp(os.fstat(file.fileno()))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def put(self, key: str, content: bytes) -> str:
        """As of ``ResultsStore``."""
        with self._writing(key) as path:
            return self._write(path, content)

    def put_if_absent(self, key: str, content: bytes) -> str | None:
        """As of ``ResultsStore``."""
        with self._writing(key) as path:
            return None if path.exists() else self._write(path, content)

    def put_if_unchanged(self, key: str, content: bytes, stamp: str) -> str | None:
        """As of ``ResultsStore``."""
        with self._writing(key) as path:
            found = self.look(key)
            unchanged = found is not None and found.stamp == stamp
            return self._write(path, content) if unchanged else None

    def delete(self, key: str) -> None:
        """As of ``ResultsStore``."""
        with self._writing(key) as path:
            path.unlink(missing_ok=True)

    @contextmanager
    def _writing(self, key: str) -> Iterator[Path]:
        path = self._path(key)
        with self._told("write to", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            # threads wait for each other at no cost, processes by looking
            with (
                self._one_thread,
                FileLock(self._folder / _LOCK).acquire(poll_interval=_POLL_SECONDS),
            ):
                yield path

    def _write(self, path: Path, content: bytes) -> str:
        write_atomically(path, content)
        return _stamp(path.stat())

    def _path(self, key: str) -> Path:
        return self._folder / check_key(key)

    def _stored(self, path: Path, status: os.stat_result) -> Stored:
        key = path.relative_to(self._folder).as_posix()
        return Stored(key, _stamp(status), status.st_size)

    @contextmanager
    def _told(self, what: str, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise disk_error(what, path, error) from error


def _files(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """All files below a folder but those that are being written."""
    for where, _, names in os.walk(root):
        for name in names:
            if not name.startswith("."):
                path = Path(where, name)
                try:
                    yield path, path.stat()
                except FileNotFoundError:  # gone meanwhile
                    continue


def _stamp(status: os.stat_result) -> str:
    # every write is a rename of a new file: another inode, or another time
    return f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"
