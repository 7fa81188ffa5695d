"""Plain text without rich, which starts slowly: columns, and texts of unknown origin made safe."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import textwrap
import traceback
from collections.abc import Sequence
from typing import IO, Any

MIN_WIDTH = 60
_FORMULA = frozenset("=+-@\t\r")
_LONGEST_SLUG = 60
_LONGEST_MESSAGE = 10_000
_LONGEST_NAME = 200
_LONGEST_TRACEBACK = 200_000


def terminal_width() -> int:
    """Width to write for, in characters; 100 where there is no terminal."""
    return max(MIN_WIDTH, shutil.get_terminal_size((100, 24)).columns)


def aligned(rows: Sequence[Sequence[str]], header: Sequence[str] = (), indent: str = "") -> str:
    """Align columns with two blanks between; the last column is wrapped to the terminal."""
    table = [[printable(cell) for cell in row] for row in ([list(header)] if header else [])]
    table += [[printable(cell) for cell in row] for row in rows]
    if not table:
        return ""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]) - 1)]
    lead = len(indent) + sum(widths) + 2 * len(widths)
    room = max(24, terminal_width() - lead)
    lines = []
    for row in table:
        last = textwrap.wrap(row[-1], room, break_on_hyphens=False, break_long_words=False) or [""]
        start = "".join(f"{cell:<{w}}  " for cell, w in zip(row[:-1], widths, strict=True))
        lines.append((indent + start + last[0]).rstrip())
        lines += [" " * lead + part for part in last[1:]]
    return "\n".join(lines)


def printable(text: str) -> str:
    """Write a text of unknown origin on one line, without control characters."""
    line = " ".join(text.split())
    # a site has a million of them, of which hardly one has anything to escape
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else _escaped(c) for c in line)


def visible(text: str) -> str:
    """Make what a terminal would obey show: control characters, and what turns the writing round.

    Line breaks and tabs stay, and so does every letter of every script.
    """
    # a table has a million characters, and lines that are plain are told at once
    return "\n".join(
        line
        if line.isprintable()
        else "".join(c if c.isprintable() or c == "\t" else _escaped(c) for c in line)
        for line in text.split("\n")
    )


def say(
    text: str = "", *, file: IO[str] | None = None, end: str = "\n", flush: bool = False
) -> None:
    """Print a text of whatever origin: all that commands print goes through here.

    Args:
        text: Names, messages and paths may come from other people's files.
        file: Standard output if left out.
        end: What follows the text.
        flush: Do not wait until a line or more is there.
    """
    print(visible(text), file=file, end=end, flush=flush)


def json_text(value: Any, indent: int | None = 2) -> str:
    """Write JSON for people and programs: letters as they are, control characters escaped.

    Raises:
        ValueError: A number is not finite.
    """
    written = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False, default=str)
    # outside of strings nothing but line breaks is not printable
    return "".join(c if c.isprintable() or c == "\n" else _json_escaped(c) for c in written)


def safe_cell(value: Any) -> Any:
    """Keep a spreadsheet from taking a text for a formula: it gets a quote in front, as by hand.

    Args:
        value: A cell of a CSV file; what is no text is left as it is.
    """
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _json_escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    pairs = (units[i : i + 2].hex() for i in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs)


def storable(text: str, longest: int = 20_000) -> str:
    """Make a text of unknown origin fit for a file: what UTF-8 has not is escaped, the end cut."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest} characters more)"


def text_of(error: BaseException) -> str:
    """Say what went wrong, whatever the error's own text does."""
    try:
        return storable(str(error), _LONGEST_MESSAGE)
    except KeyboardInterrupt:
        raise
    except BaseException as second:  # a failure must be told of
        return f"its message cannot be read: {type_of(second)}"


def type_of(error: BaseException) -> str:
    """The name of an error's type, fit for a file."""
    return storable(type(error).__name__, _LONGEST_NAME)


def words_of(error: BaseException) -> str:
    """An error's type and what it says: ``KeyError: 'licence'``."""
    text = text_of(error)
    return f"{type_of(error)}: {text}" if text else type_of(error)


def traceback_of(error: BaseException) -> str:
    """The traceback of an error, whatever its parts do, fit for a file."""
    try:
        return storable("".join(traceback.format_exception(error)), _LONGEST_TRACEBACK)
    except KeyboardInterrupt:
        raise
    except BaseException as second:
        return f"{words_of(error)}\n(its traceback cannot be shown: {type_of(second)})\n"


def slug(text: str) -> str:
    """Write a text as a name that is safe in a path and in a link, different for different texts.

    Only ``a-z``, ``0-9``, ``-`` and ``_`` are left; where something had to go, a hash stands for
    it, so that ``GAN`` and ``gan`` do not meet where capitals do not count.
    """
    plain = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")[:_LONGEST_SLUG]
    if plain == text and plain:
        return plain
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain}-{mark}" if plain else mark


def about(seconds: float) -> str:
    """A duration that was foretold, to what is worth saying of it: ``about 40 s``, ``about 7 min``.

    Args:
        seconds: More than a few.
    """
    if seconds < 90:
        return f"about {seconds:.0f} s"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min"
    return f"about {seconds / 3600:.1f} h"
