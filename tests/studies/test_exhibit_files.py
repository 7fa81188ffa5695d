"""Exhibits become files: pictures as PNG and SVG, numbers as Parquet."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure as Drawing
from PIL import Image

from regene_bench.base.errors import MethodError
from regene_bench.studies.exhibit_files import keep_exhibit
from regene_bench.studies.figure import Exhibit

DATA = {"place": [1, 2, 3], "value": [0.5, None, 1.5]}


def drawn() -> Drawing:
    drawing = Drawing(figsize=(2, 1))
    drawing.subplots().plot([1, 2, 3], [1, 4, 9])
    return drawing


def test_a_drawing_has_three_files_and_they_can_be_read(tmp_path: Path) -> None:
    exhibit = Exhibit("curve", "A curve.", DATA, drawn())
    files = keep_exhibit(tmp_path / "new", exhibit, {"study": "small"})
    assert {path.name for path in files} == {"curve.png", "curve.svg", "curve.parquet"}
    with Image.open(tmp_path / "new" / "curve.png") as picture:
        assert picture.width > 100
    assert ElementTree.parse(tmp_path / "new" / "curve.svg").getroot().tag.endswith("svg")
    table = pq.read_table(tmp_path / "new" / "curve.parquet")
    assert table.to_pydict() == DATA
    assert table.schema.metadata[b"caption"] == b"A curve."
    assert json.loads(table.schema.metadata[b"about"]) == {"study": "small"}


def test_a_table_has_numbers_only(tmp_path: Path) -> None:
    files = keep_exhibit(tmp_path, Exhibit("table", "A table.", DATA), {})
    assert [path.name for path in files] == ["table.parquet"]


def test_the_same_drawing_makes_the_same_svg(tmp_path: Path) -> None:
    for name in ("a", "b"):
        keep_exhibit(tmp_path / name, Exhibit("curve", "A curve.", DATA, drawn()), {})
    assert (tmp_path / "a/curve.svg").read_bytes() == (tmp_path / "b/curve.svg").read_bytes()


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".hidden"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MethodError, match="name of a file"):
        keep_exhibit(tmp_path, Exhibit(name, "", DATA), {})
    assert not list(tmp_path.parent.glob("out*"))


def test_columns_of_different_length_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MethodError, match="table"):
        keep_exhibit(tmp_path, Exhibit("odd", "", {"a": [1], "b": [1, 2]}), {})
