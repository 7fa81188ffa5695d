"""Where a process hangs, in the lines that its user can do something about."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CORE = Path(__file__).resolve().parent.parent
# below these a plugin's code is called: what comes before says nothing of the plugin
_CALLERS = ("harness", "cli", "samples", "notebook")
_MOST_LINES = 12
_DUMPED = re.compile(r'^\s*File "(?P<file>.*)", line (?P<line>\d+|\?\?\?) in (?P<function>.*)$')


@dataclass(frozen=True)
class StackLine:
    """One call on a stack.

    Attributes:
        file: Path of the source file.
        line: Number of the line, from 1; 0 where nobody knows.
        function: Name of the function.
    """

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def stack_of_thread(identity: int) -> list[StackLine]:
    """Return the calls that a thread of this process is in, outermost first.

    Args:
        identity: ``Thread.ident``; a thread that has ended has no calls.
    """
    frame = sys._current_frames().get(identity)
    found = traceback.extract_stack(frame) if frame is not None else []
    return [StackLine(call.filename, call.lineno or 0, call.name) for call in found]


def stack_of_dump(text: str) -> list[StackLine]:
    """Read what ``faulthandler`` wrote of one thread; outermost first.

    Args:
        text: The dump; lines of another form are passed over.
    """
    matches = [match for line in text.splitlines() if (match := _DUMPED.match(line))]
    return [
        StackLine(m["file"], int(m["line"]) if m["line"].isdigit() else 0, m["function"])
        for m in reversed(matches)
    ]


def lines_of_interest(stack: Sequence[StackLine]) -> list[StackLine]:
    """Leave out how the harness came to call the plugin, and all but the innermost dozen calls.

    Args:
        stack: Outermost first.
    """
    folders = tuple(str(_CORE / name) for name in _CALLERS)
    last = max((i for i, call in enumerate(stack) if call.file.startswith(folders)), default=-1)
    return list(stack[last + 1 :] or stack)[-_MOST_LINES:]


def described(stack: Sequence[StackLine]) -> str:
    """Write a stack as text, a call a line, innermost last; empty for an empty stack."""
    return "\n".join(f"  {line}" for line in stack)


def innermost(stack: Sequence[StackLine]) -> str:
    """Say in which function a stack ends, without the folders of this machine: rows are published.

    Args:
        stack: Outermost first, not empty.
    """
    call = stack[-1]
    return f"{call.function} ({Path(call.file).name}, line {call.line})"
