"""Files and folders that are there whole or not at all, however the writing ends.

What is being written stands beside its place under a name that begins with a dot and ends in
``.tmp``; a rename, which the file system does at once or not at all, puts it in place. Readers see
the old content or the new, and writers in several processes do not meet. Permissions are those that
the user's umask gives any new file.
"""

from __future__ import annotations

import fnmatch
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_SUFFIX: Final = ".tmp"
_ABANDONED_SECONDS: Final = 24 * 3600.0
# a writer holds a lock from right after it has made its file
_YOUNG_SECONDS: Final = 60.0


def special_kind(status: os.stat_result) -> str:
    """Say what a path leads to that is neither a file nor a folder; empty if it is one of them.

    Whoever opens a FIFO waits until somebody writes to it, perhaps for ever, and a device may never
    end.

    Args:
        status: From ``Path.stat``.
    """
    mode = status.st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: temporary file, fsync, rename.

    Raises:
        OSError: As the file system has it; the temporary file is removed.
    """
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path, *, synced: bool = True) -> Iterator[IO[bytes]]:
    """Give a file to write to that takes the place of ``path`` when the block ends without an
    error.

    Args:
        path: Where it shall be; its folder must exist. A file that is there is replaced.
        synced: Wait until the content is on the disk before the rename, so that not even a power
            failure leaves half a file. A cache whose readers check what they read can do without.

    Raises:
        OSError: As the file system has it; the temporary file is removed, as after any error.
    """
    temporary = _beside(path)
    try:
        with temporary.open("xb") as file:
            _hold(file.fileno())
            yield file
            file.flush()
            if synced:
                os.fsync(file.fileno())
            # young again: from here until it is renamed nobody holds it
            os.utime(temporary)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


@contextmanager
def whole_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give an empty folder that is put at ``path`` when the block ends without an error.

    Args:
        path: Where it shall be; the folders above it are made.
        replace: Take the place of a folder that is there. Between two renames there is none; the
            old one comes back if the second fails.

    Raises:
        FileExistsError: Something is at ``path`` and ``replace`` is off.
        OSError: As the file system has it; the temporary folder is removed, as after any error.
    """
    temporary = _beside(path)
    try:
        temporary.mkdir(parents=True)
        with _held_folder(temporary):
            yield temporary
            if replace:
                _swap(temporary, path)
            elif path.exists() or path.is_symlink():
                raise FileExistsError(f"{path} is there already")
            else:
                temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk: only then is a rename in it safe from a
    power failure.

    Raises:
        OSError: As the file system has it.
    """
    if os.name == "nt":  # cannot open folders
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep_abandoned(folder: Path, name: str = "*") -> None:
    """Remove what processes that were killed while writing left in a folder.

    Whoever writes holds a lock, which ends with the process: what nobody holds is abandoned. Where
    there are no locks, what is older than a day is; caches are shared without a word.

    Args:
        folder: The folder that the files or folders were being written into.
        name: Only of files or folders of this name; a pattern as ``Path.glob`` has it.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except OSError:  # nothing is there, or nobody may look
        return
    # a pattern is made only where something is left: it costs as much as writing a small file
    abandoned = [left for left in names if left.startswith(".") and left.endswith(_SUFFIX)]
    for left in abandoned:
        if fnmatch.fnmatchcase(left, f".{name}.*{_SUFFIX}"):
            _remove_if_abandoned(folder / left)


def _remove_if_abandoned(left: Path) -> None:
    with suppress(OSError):
        age = time.time() - left.stat().st_mtime
        if age > _ABANDONED_SECONDS or (age > _YOUNG_SECONDS and _is_free(left)):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()


def stays_inside(path: Path, root: Path) -> bool:
    """Tell whether a path leads, through whatever links, to something below a folder.

    Folders of results come from other people: a link in one must not show or remove what lies
    elsewhere. The folder itself may be a link.
    """
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # links in a circle
        return False


@contextmanager
def _held_folder(folder: Path) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        _hold(handle)
        yield
    finally:
        os.close(handle)


def _hold(handle: int) -> None:
    """Lock what is being written, as far as the file system can, until the handle is closed."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_free(path: Path) -> bool:
    """Tell whether nobody holds a file or folder; false where that cannot be known."""
    if fcntl is None:
        return False
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _beside(path: Path) -> Path:
    """A new name in the same folder, and so on the same disk, where a rename is at once."""
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}{_SUFFIX}")


def _swap(new: Path, path: Path) -> None:
    aside = _beside(path)
    try:
        path.rename(aside)
    except FileNotFoundError:  # nothing was there
        new.rename(path)
        return
    try:
        new.rename(path)
    except OSError:
        try:
            aside.rename(path)
        except OSError:
            if path.exists():  # another process was quicker, and what it wrote is whole
                shutil.rmtree(aside, ignore_errors=True)
        raise
    shutil.rmtree(aside, ignore_errors=True)
