"""Commands of ``docs/scale.md`` that need an engine, for tests that have one.

They are run as they stand there, but for what makes them long: the benchmark, its methods and the
number of seeds. Where the page leaves methods out, that of the real images is named.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.docs.commands import blocks_of

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "scale.md"
_PROGRAM = "regene-bench"


def commands_with(*words: str) -> list[list[str]]:
    """Arguments of the page's commands that have all of some words and need no GPU.

    Args:
        words: Such as ``--executor`` and ``ray``.

    Returns:
        One list a command, without the program's name.
    """
    lines = [line for block in blocks_of(_PAGE) for line in block.text.splitlines()]
    typed = [shlex.split(line) for line in lines if line.startswith(f"{_PROGRAM} ")]
    found = [command[1:] for command in typed if set(words) <= set(command)]
    return [command for command in found if "cuda" not in command]


def shortened(arguments: list[str], protocol: Path, **instead: str) -> list[str]:
    """A ``run`` of the page with another benchmark and two runs of real images.

    Args:
        arguments: As of ``commands_with``.
        protocol: The benchmark.
        instead: Words of the page, by what is put in their place: ``{"s3://bucket": "s3://…"}``.
    """
    run, _, *rest = arguments
    assert run == "run"
    short = {"--methods": "real", "--seeds": "2"}
    kept = [
        word
        for before, word in zip(["", *rest], rest, strict=False)
        if before not in short and word not in short
    ]
    options = [word for pair in short.items() for word in pair]
    return [run, str(protocol), *options, *(instead.get(word, word) for word in kept)]
