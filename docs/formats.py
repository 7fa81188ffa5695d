"""Write ``docs/formats.md``: ``python docs/formats.py``.

Every format is written by the library that others write it with, and read again as a data set and
as samples; what is printed in the table is what was seen.
"""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from tests.data.builders import same_images  # noqa: E402
from tests.real_formats.format import Format  # noqa: E402
from tests.real_formats.reading import read_as_samples, read_data_set  # noqa: E402
from tests.real_formats.registry import FORMATS  # noqa: E402

_HEAD = """# Formats of images

<!-- made by docs/formats.py, which writes and reads every format -->

Each was written by the library named, of that version, and read again as a data set (by the source
named) and as samples of `regene-bench score`: all pixels and labels were those that the library had
been given. What `regene_bench.score` takes in memory (arrays, tensors, pictures, data sets,
loaders, iterators) is said in [its how-to page](how-to/outside-samples.md).

| format | written by | data set | samples | recognised by | what is read | what is refused |
|---|---|---|---|---|---|---|"""


def row(one: Format) -> str:
    """Write one format, read it both ways, and say what was seen; raises where pixels differ."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one.write(folder, one.content)
        if one.source:
            found = read_data_set(one, folder)
            _check(one, same_images(found.train, one.content.train))
            _check(one, same_images(found.test, one.content.test))
        if one.samples:
            _check(one, same_images(read_as_samples(one, folder), getattr(one.content, one.scored)))
    source = f"`{one.source}`" if one.source else ""
    samples = "yes" if one.samples else ""
    cells = [one.name, ", ".join(_versions(one)), source, samples]
    return "| " + " | ".join([*cells, one.recognised, one.read, one.refused]) + " |"


def _check(one: Format, same: bool) -> None:
    if not same:
        raise SystemExit(f"{one.name}: other pixels or labels than were written")


def _versions(one: Format) -> Iterator[str]:
    if not one.libraries:
        yield f"Python {platform.python_version()}"
    for library in one.libraries:
        yield f"{library} {version(library)}"


def page() -> str:
    return "\n".join([_HEAD, *map(row, FORMATS)]) + "\n"


if __name__ == "__main__":
    (DOCS / "formats.md").write_text(page(), encoding="utf-8")
