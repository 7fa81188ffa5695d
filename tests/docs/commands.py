"""Reading and running what a page of the manual tells a reader to type.

A ``console`` block holds commands behind ``$``, a ``python`` block a script; a block with a title
is a file that is written. ``<!-- docs-test: skip (reason) -->`` before a block leaves it out.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"(?P<skip><!-- docs-test: skip \([^)]+\) -->\n)?"
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$',
    re.DOTALL | re.MULTILINE,
)
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


def run_page(page: Path, folder: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """Do all that a page says, in a folder; yield what each command printed.

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
                yield _run(["bash", "-c", command], folder, variables)
        elif block.language == "python":
            yield _run(["python", "-c", block.text], folder, variables)


def _run(command: list[str], folder: Path, variables: Mapping[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(variables),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
