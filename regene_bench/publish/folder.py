"""A folder of pages that is there whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from regene_bench.base.errors import ResultsError, UsageError
from regene_bench.base.files import sweep_abandoned, whole_folder

MARKER = ".regene-bench-site"
_MARKER_TEXT = "Made by `regene-bench publish site`, which may replace this folder.\n"


@contextlib.contextmanager
def replaced_folder(out: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of ``out`` when the block ends without an error.

    A folder that an earlier call made is replaced; a reader sees the old one or the new one.

    Raises:
        UsageError: ``out`` holds something that this function did not make.
        ResultsError: The folder cannot be written.
    """
    out = out.absolute()
    _check_replaceable(out)
    try:
        sweep_abandoned(out.parent, out.name)
        with whole_folder(out, replace=True) as new:
            (new / MARKER).write_text(_MARKER_TEXT, encoding="utf-8")
            yield new
            _check_replaceable(out)
    except OSError as error:
        raise ResultsError(
            f"Cannot write {out}: {error.strerror or error}.",
            hint="Free disk space, or give a folder that may be written.",
        ) from error


def _check_replaceable(out: Path) -> None:
    if not out.exists() and not out.is_symlink():
        return
    empty = out.is_dir() and not any(out.iterdir())
    if out.is_symlink() or not (empty or (out / MARKER).is_file()):
        raise UsageError(
            f"{out} is there already, and `regene-bench publish site` did not make it.",
            hint="Give the name of a new folder.",
        )
