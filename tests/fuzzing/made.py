"""Files that were never valid: tables, lists, arrays and archives of anything."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.data.builders import encode, pixels
from tests.fuzzing.files import KINDS, NAMES, Kind
from tests.fuzzing.objects import any_dtype

_IMAGES = pixels(4, 3)
_words = st.one_of(
    st.sampled_from((*NAMES, *(f"{i}.png" for i in range(4)), "label", "file_name", "0", "-1", "")),
    st.text(max_size=4),
)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _words),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(_words, inner)),
    max_leaves=20,
)


@st.composite
def _label_lists(draw: st.DrawFn) -> bytes:
    """``dataset.json`` whose list pairs what may be names with what may be labels."""
    pairs = st.lists(st.lists(st.one_of(_words, _json), max_size=3), max_size=6)
    value = draw(st.one_of(_json, st.fixed_dictionaries({"labels": st.one_of(pairs, _json)})))
    return json.dumps(value).encode()


@st.composite
def _tables(draw: st.DrawFn) -> bytes:
    """Text in rows and columns, in one encoding or another."""
    separator = draw(st.sampled_from((",", ";", "\t", " ")))
    rows = draw(st.lists(st.lists(_words, max_size=4), max_size=7))
    if draw(st.booleans()):
        # nearly right
        rows = [[f"{i}.png", draw(st.sampled_from((*NAMES, "0", "2", "3", "")))] for i in range(4)]
        rows = [row[draw(st.integers(0, 1)) :] for row in rows] if draw(st.booleans()) else rows
    text = draw(st.sampled_from(("\n", "\r\n", "\r"))).join(separator.join(row) for row in rows)
    encoding = draw(st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1")))
    return text.encode(encoding, "replace")


@st.composite
def _arrays(draw: st.DrawFn) -> np.ndarray:
    shape = draw(st.sampled_from(((4, 6, 5, 3), (4, 3, 6, 5), (4,), (4, 1), (4, 3), (), (0,))))
    array: np.ndarray = draw(hnp.arrays(draw(any_dtype), shape))
    return array


@st.composite
def _one_array(draw: st.DrawFn) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, draw(_arrays()))
    return buffer.getvalue()


@st.composite
def _archives_of_arrays(draw: st.DrawFn) -> bytes:
    names = st.sampled_from(("arr_0", "arr_1", "images", "labels", "x", "y", "x_train", "a/b"))
    buffer = io.BytesIO()
    np.savez(buffer, **draw(st.dictionaries(names, _arrays(), max_size=4)))
    return buffer.getvalue()


@st.composite
def _columns(draw: st.DrawFn) -> bytes:
    """Parquet with columns of usual names and unusual types."""
    pictures = [encode(image) for image in _IMAGES]
    cells: tuple[Any, ...] = (
        pictures,
        [{"bytes": one, "path": None} for one in pictures],
        [{"bytes": None, "path": "x.png"}] * 4,
        [[[1, 2], [3, 4]]] * 4,
        [0, 1, 2, 0],
        [0, None, 1, 2],
        [0.0, 1.0, 2.0, float("nan")],
        [*NAMES, None],
        [[0], [1], [2], []],
        [True, False, None, True],
    )
    names = st.sampled_from(("image", "img", "label", "labels", "y", "target", "other"))
    columns = draw(st.dictionaries(names, st.sampled_from(cells), max_size=3))
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    if draw(st.booleans()):
        table = table.replace_schema_metadata({"huggingface": json.dumps(draw(_json))})
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


@st.composite
def _archives(draw: st.DrawFn) -> bytes:
    """Zips whose entries have names of any kind."""
    parts = st.one_of(st.sampled_from((*NAMES, "..", ".", "", "train", "00000", "a b")), _words)
    paths = st.lists(parts, min_size=1, max_size=3).map("/".join)
    endings = st.sampled_from((".png", ".PNG", ".txt", "/", ""))
    entries = draw(st.dictionaries(st.tuples(paths, endings), st.integers(0, 3), max_size=6))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for (path, ending), number in entries.items():
            # not `writestr`, which itself stumbles over an empty name
            if "\0" not in path:
                with archive.open(zipfile.ZipInfo(path + ending), "w") as entry:
                    entry.write(encode(_IMAGES[number]))
    return buffer.getvalue()


MADE: dict[str, tuple[Kind, st.SearchStrategy[bytes]]] = {
    "dataset.json": (KINDS["dataset.json"], _label_lists()),
    "labels in .csv": (KINDS["labels in .csv"], _tables()),
    "labels in .txt": (KINDS["labels in .txt"], _tables()),
    "labels in .npy": (KINDS["labels in .npy"], _one_array()),
    "npy": (KINDS["npy"], _one_array()),
    "npz": (KINDS["npz"], _archives_of_arrays()),
    "Parquet": (KINDS["Parquet"], _columns()),
    "zip": (KINDS["zip"], _archives()),
}
"""What takes the place of a kind's valid file."""
