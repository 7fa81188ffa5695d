"""Every format of ``tests/real_formats``, with one of its files damaged."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from regene_bench.base.errors import RegeneBenchError
from tests.real_formats.format import Format
from tests.real_formats.reading import read_as_samples, read_data_set
from tests.real_formats.registry import FORMATS

# what is not found on the disk is looked for on the network by this one
BY_NAME = {one.name: one for one in FORMATS if one.source != "mnist"}


@cache
def files_of(name: str) -> Mapping[str, bytes]:
    """Have a format written once, and return its files by their paths."""
    one = BY_NAME[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        one.write(folder, one.content)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def read_files(name: str) -> list[str]:
    """Paths of the files that are read, not of what the writer made them from."""
    one = BY_NAME[name]
    below = [place for place in (one.samples, one.source and one.place) if place]
    found = [path for path in sorted(files_of(name)) if path.startswith(tuple(below))]
    return found or sorted(files_of(name))


def attempt(one: Format, files: Mapping[str, bytes], folder: Path) -> bool:
    """Read files in every way that the format is read.

    Returns:
        True if each way read them, False if one refused them with a message. Anything else is
        raised.
    """
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    refused = 0
    for read in (read_data_set if one.source else None, read_as_samples if one.samples else None):
        try:
            if read:
                read(one, folder)
        except RegeneBenchError:
            refused += 1
    return not refused
