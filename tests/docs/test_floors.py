"""The floors that the documentation draws are those that the import contract enforces."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.wheels import ROOT

Floor = tuple[str, ...]
SVG = "{http://www.w3.org/2000/svg}"


def floors_of_the_contract(container: str = "regene_bench") -> list[Floor]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (
        contract
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers" and contract["containers"] == [container]
    )
    return [tuple(layer.split(" | ")) for layer in contract["layers"]]


def rows_of_floors(page: Path, heading: str = "floor") -> Iterator[list[str]]:
    """The cells of a page's table of floors, told by the heading of its first column."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def names(cell: str) -> Floor:
    return tuple(re.findall(r"`(\w+)`", cell))


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_a_page_has_a_line_for_every_floor_in_the_order_of_the_contract(page: str) -> None:
    assert [names(cells[0]) for cells in rows_of_floors(ROOT / page)] == floors_of_the_contract()


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_every_line_says_what_the_floor_is(page: str) -> None:
    assert [cells[0] for cells in rows_of_floors(ROOT / page) if not cells[1]] == []


@pytest.mark.parametrize(
    ("container", "heading", "ground"),
    [
        ("regene_bench", "floor", "nothing of the project"),
        ("regene_bench_plugins", "floor of the plugins", "nothing of the plugins"),
    ],
)
def test_every_line_says_what_the_floor_may_import(
    container: str, heading: str, ground: str
) -> None:
    floors = floors_of_the_contract(container)
    rows = list(rows_of_floors(ROOT / "docs" / "architecture.md", heading))
    below = [", ".join(f"`{name}`" for name in floor) for floor in floors[1:]]
    allowed = [f"{floor} and below" for floor in below[:-1]]
    assert [names(cells[0]) for cells in rows] == floors
    assert [cells[2] for cells in rows] == [*allowed, below[-1], ground]


def test_the_picture_has_every_floor_in_the_order_of_the_contract() -> None:
    picture = ElementTree.parse(ROOT / "docs" / "architecture.svg")
    drawn = [text for text in picture.iter(f"{SVG}text") if text.get("class") == "floor"]
    drawn.sort(key=lambda text: float(text.attrib["y"]))
    assert [tuple((text.text or "").split(", ")) for text in drawn] == floors_of_the_contract()


def test_every_floor_is_a_folder_and_the_root_has_the_two_doors_alone() -> None:
    core = ROOT / "regene_bench"
    floors = {name for floor in floors_of_the_contract() for name in floor}
    assert {file.parent.name for file in core.glob("*/__init__.py")} == floors
    assert {file.stem for file in core.glob("*.py")} == {"__init__", "api", "hookspecs"}
