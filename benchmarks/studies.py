"""Prints, as Markdown, what studies have measured, from the tables that they keep beside figures.

A table a study and exhibit without a picture (``score_table``, the knees): a row a method, then
what papers report. With ``--write DOCS`` the tables of a study take the place of what stands behind
the mark in ``DOCS/STUDY.md``, which docs/studies.md shows; words before the mark are kept, and
``--pictures`` puts the pictures beside. With ``--append`` they come behind what stands there, as
those of another benchmark do, whose runs need not be at hand again. The studies are not carried out
here: the command of each stands above its tables.

Usage: python benchmarks/studies.py RESULTS [STUDY...] [--preset quick]
                                    [--write docs/measured [--pictures NAME...] [--append]]
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from PIL import Image

MARK = "<!-- printed by benchmarks/studies.py -->"
# of means over seeds, and what papers give as ±
_SPREADS = (" ±", " ± reported")
_WIDEST, _COLOURS = 1000, 64
_FEW = 15
# as ``regene_bench.studies.exhibit_files`` lays them
_FOLDER = "studies"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("studies", nargs="*", help="all that were carried out, if none is named")
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--write", type=Path, metavar="DOCS")
    parser.add_argument("--pictures", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--append", action="store_true")
    given = parser.parse_args()
    if given.append and given.write is None:
        parser.error("--append goes with --write")
    root = given.results / _FOLDER
    for name in given.studies or sorted(path.name for path in root.iterdir()):
        text = "\n".join(tables(root / name / given.preset, given.pictures))
        if not text and not given.pictures:
            continue
        if given.write is None:
            print(f"## {name}\n\n{text}")
            continue
        page = given.write / f"{name}.md"
        there = page.read_text(encoding="utf-8") if page.exists() else ""
        words, _, earlier = there.partition(MARK)
        text += "".join(
            pictures(root / name / given.preset, given.pictures, page, has_tables=bool(text))
        )
        if given.append and earlier.strip():
            if text.splitlines()[0] in earlier.splitlines():
                parser.error(f"{page} has this already: leave out --append")
            text = earlier.strip("\n") + f"\n\n\n{text}"
        page.write_text(f"{words}{MARK}\n\n{text}", encoding="utf-8")


def tables(folder: Path, shown: Sequence[str]) -> Iterator[str]:
    """The exhibits of one study that are tables alone, and the few numbers of pictures shown."""
    for path in sorted(folder.glob("*.parquet")):
        table = pq.read_table(path)
        rows = table.to_pylist()
        is_picture = path.with_suffix(".png").exists()
        if not rows or (is_picture and (path.stem not in shown or len(rows) > _FEW)):
            continue
        told = {key.decode(): text.decode() for key, text in (table.schema.metadata or {}).items()}
        yield f"    {command(json.loads(told['about']), folder.name)}\n"
        measured = [row for row in rows if row.get("from", "measured") == "measured"]
        for part in (measured, [row for row in rows if row not in measured]):
            if part:
                yield from markdown(table.column_names, part)
        yield f"{told['caption']}\n"


def pictures(folder: Path, names: Sequence[str], page: Path, *, has_tables: bool) -> Iterator[str]:
    """Put pictures of a study beside its page, with few colours, and yield what shows them."""
    for path in sorted(folder.glob("*.png")):
        if path.stem not in names:
            continue
        told = pq.read_schema(path.with_suffix(".parquet")).metadata or {}
        if not has_tables:
            yield f"    {command(json.loads(told[b'about']), folder.name)}\n"
            has_tables = True  # said once
        copy = page.with_name(f"{page.stem}-{path.name}")
        with Image.open(path) as picture:
            picture.thumbnail((_WIDEST, _WIDEST))
            picture.convert("RGB").quantize(_COLOURS).save(copy, optimize=True)
        yield f"\n![{told[b'caption'].decode()}]({copy.name})\n"


def markdown(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A table of the columns in which any of these rows has a value."""
    names = shown(names, rows)
    numbers = {name for name in names if is_numeric(rows, name)}
    yield line(names)
    yield line(["--:" if name in numbers else "---" for name in names])
    yield from (line([cell(row, name) for name in names]) for row in rows)
    yield ""


def command(about: dict[str, Any], preset: str) -> str:
    """The call that carried out the study."""
    asked = about.get("asked", {})
    options = [("preset", preset), ("benchmarks", ",".join(about["runs"]))]
    options += [(name, asked[name]) for name in ("methods", "seeds") if name in asked]
    options += [("set", item) for item in asked.get("settings", ())]
    said = " ".join(f"--{name} {shlex.quote(value)}" for name, value in options)
    return f"regene-bench study {about['study']} {said}"


def shown(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> list[str]:
    """Columns that say something; half intervals stand in the cells of their scores."""
    return [
        name
        for name in names
        if not name.endswith(_SPREADS)
        and any(row[name] is not None for row in rows)
        and not (name == "from" and rows[0][name] == "measured")
    ]


def is_numeric(rows: Sequence[dict[str, Any]], name: str) -> bool:
    values = [row[name] for row in rows if row[name] is not None]
    return all(isinstance(value, int | float) for value in values)


def cell(row: dict[str, Any], name: str) -> str:
    """A value, with its half interval where there is one."""
    value = row[name]
    if value is None:
        return ""
    score = name.removesuffix(" (reported)")
    spreads = (row.get(f"{score}{suffix}") for suffix in _SPREADS)
    spread = next((spread for spread in spreads if spread is not None), None)
    if isinstance(value, float):
        return number(value) if spread is None else f"{number(value)} ± {number(spread)}"
    return str(value).replace("|", r"\|")


def number(value: float) -> str:
    """Three decimals of small numbers, fewer of large ones."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
