"""Reading and running what a page of the manual tells a reader to type.

A ``console`` block holds commands behind ``$``, a ``python`` block a script; a block with a title
is a file that is written. ``<!-- docs-test: skip (reason) -->`` before a block leaves it out.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.processes import run
from tests.warm import Program

_BLOCK = re.compile(
    r"(?P<skip><!-- docs-test: skip \([^)]+\) -->\n)?"
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$',
    re.DOTALL | re.MULTILINE,
)
_MOST_SECONDS = 800.0
# what makes a line more than one program
_SHELL = {">", "|", "&&", ";"}
# the readers, by their virtual environments, whose program has been started as they start it
_HAVE_TYPED: set[Path | None] = set()
LANGUAGES = {"console", "python", "toml", "text"}


@dataclass(frozen=True)
class Block:
    """One fenced block of a page.

    Attributes:
        language: ``console``, ``python``, ``toml`` or ``text``.
        text: What is in it.
        title: The file that it is, or empty.
        skipped: Whether the page says that it is not run.
    """

    language: str
    text: str
    title: str
    skipped: bool

    @property
    def commands(self) -> list[str]:
        """The commands of a ``console`` block, without prompts and comments at the end."""
        lines = [line for line in self.text.splitlines() if line.startswith("$ ")]
        return [re.sub(r" {2,}#.*", "", line.removeprefix("$ ")) for line in lines]


def blocks_of(page: Path) -> list[Block]:
    """All fenced blocks of a page, in their order."""
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(m["language"], m["text"], m["title"] or "", bool(m["skip"])) for m in found]


def run_page(
    page: Path, folder: Path, variables: Mapping[str, str], prefix: Path | None = None
) -> Iterator[str]:
    """Do all that a page says, in a folder; yield what each command printed.

    Commands are typed into a shell. But for the first ``regene-bench`` that a reader types at all,
    those of one program begin with the libraries imported (``tests.warm``), and so do scripts.

    Args:
        page: The page.
        folder: Working folder.
        variables: Environment of the commands.
        prefix: The reader's virtual environment, by default the tests' own.

    Raises:
        AssertionError: A command failed; says which, and what it printed.
    """
    for block in blocks_of(page):
        if block.skipped or block.language == "text":
            continue
        if block.title:
            (folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            for command in block.commands:
                words = shlex.split(command)
                ours = words[0] == "regene-bench"
                if ours and prefix in _HAVE_TYPED and not set(words) & _SHELL:
                    program = Program(words[1:], prefix=prefix)
                    done = run(program, folder, variables, most_seconds=_MOST_SECONDS)
                else:
                    done = _typed(command, folder, variables)
                yield _checked(command, done)
                if ours:
                    _HAVE_TYPED.add(prefix)
        elif block.language == "python":
            program = Program(code=block.text, prefix=prefix)
            done = run(program, folder, variables, most_seconds=_MOST_SECONDS)
            yield _checked(block.text, done)


def _typed(
    command: str, folder: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=dict(variables),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=_MOST_SECONDS,
        check=False,
    )


def _checked(what: str, done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, f"{what}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
