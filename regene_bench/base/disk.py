"""What a file system refuses, said so that somebody can act on it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from regene_bench.base.errors import ResultsError

# no option is named: the folder is --results of one command and --into of another
_HINTS = {
    errno.ENOSPC: "Free disk space, then run again: `regene-bench clean --checkpoints` removes "
    "checkpoints of runs that have ended.",
    errno.EDQUOT: "Your quota is used up: free space, then run again.",
    errno.EACCES: "Allow writing to it, or give another folder.",
    errno.EPERM: "Allow writing to it, or give another folder.",
    errno.EROFS: "The disk is read-only; give another folder.",
    errno.ENOTDIR: "A file stands where a folder should; give another folder.",
    errno.EEXIST: "A file stands where a folder should; give another folder.",
    errno.ENOENT: "The folder was removed meanwhile: run again, and leave it until that has ended.",
    errno.EISDIR: "A folder stands where a file should; move it away.",
    errno.EMFILE: "The process may open no more files: raise `ulimit -n`, or use fewer workers.",
    errno.ENAMETOOLONG: "The path is too long for the disk; give a shorter folder.",
}


@contextmanager
def told_of_disk(what: str, path: Path, hint: str = "") -> Iterator[None]:
    """Turn what the file system raises in a block into an error with the path and a remedy.

    Args:
        what: What is being done, to follow "Cannot": ``"write to"``.
        path: To what.
        hint: The remedy; what fits the error if left out.

    Raises:
        ResultsError: In place of an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        raise disk_error(what, path, error, hint) from error


def disk_error(what: str, path: Path, error: OSError, hint: str = "") -> ResultsError:
    """The error of ``told_of_disk``."""
    remedy = hint or _HINTS.get(error.errno or 0, "Check the disk, or give another folder.")
    return ResultsError(f"Cannot {what} {path}: {error.strerror or error}.", hint=remedy)
