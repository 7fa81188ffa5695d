"""The entry point ``regene-bench``: from its first line on, Ctrl-C ends it in one word.

Commands take the key over once they are imported, which takes some tenths of a second. Until then
Python would answer it by a traceback of whatever was being imported. Nothing is imported here that
takes time, and nothing has been opened that could be left half done.
"""

from __future__ import annotations

# the module in C behind `signal`, which imports enum and more
import _signal  # type: ignore[import-not-found]
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_INTERRUPTED = 130


def main() -> NoReturn:
    """Import the command line, then run it."""
    # where the system or a parent has the key ignored, it stays so
    is_usual = _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
    if is_usual:
        _signal.signal(_signal.SIGINT, _end)
    from regene_bench.cli.main import main as run

    if is_usual:
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    run()


def _end(*_: object) -> None:
    os.write(2, b"Interrupted.\n")
    # not by an exception: modules that are half imported would catch it, or wrap it
    os._exit(_INTERRUPTED)
