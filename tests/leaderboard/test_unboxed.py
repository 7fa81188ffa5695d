"""Columns are seen as what they hold, sliced or not, and reading a run imports no pandas."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from regene_bench.leaderboard.boxed import texts
from regene_bench.leaderboard.parts import write_part
from regene_bench.leaderboard.unboxed import is_there, rows_of, times_of, unboxed, words_of
from tests.leaderboard.helpers import record


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64(), pa.float64(), pa.timestamp("us")])
def test_values_of_a_slice_and_where_there_are_none(kind: pa.DataType) -> None:
    array = pa.array([7, None, 1, 2, None, 3, 4, 5, 6, 8], pa.int64()).cast(kind)
    column = pa.chunked_array([array.slice(1, 8)])
    assert is_there(column).tolist() == [False, True, True, False, True, True, True, True]
    assert unboxed(column)[is_there(column)].tolist() == [1, 2, 3, 4, 5, 6]


def test_a_stretch_of_a_long_column_is_that_of_the_whole() -> None:
    """Where bytes of eight bits begin and end must not matter."""
    values = [None if i % 3 == 0 else i for i in range(40)]
    array = pa.array(values, pa.int64())
    for first in range(12):
        for length in (0, 1, 7, 8, 9, 20):
            own = values[first : first + length]
            column = pa.chunked_array([array.slice(first, length)])
            assert is_there(column).tolist() == [value is not None for value in own]


def test_times_are_those_of_arrow() -> None:
    array = pa.array([0, None, 1_700_000_000_123_456], pa.int64()).cast(pa.timestamp("us", "UTC"))
    assert times_of(pa.chunked_array([array.slice(1)])) == array.slice(1).to_pylist()


def test_texts_and_nulls_become_those_of_arrow() -> None:
    words = ["", None, "é", "b"]
    assert texts(words).equals(pa.array(words, pa.string()))
    assert texts(word for word in ("a", "b")).equals(pa.array(["a", "b"], pa.string()))


def test_texts_are_places_in_the_dictionary() -> None:
    column = pa.chunked_array([pa.array(["b", None, "a", "b"]).dictionary_encode()])
    words = words_of(column)
    there = is_there(column)
    assert [words[code] for code in unboxed(column)[there]] == ["b", "a", "b"]
    assert there.tolist() == [True, False, True, True]


def test_a_column_without_rows_or_values() -> None:
    assert unboxed(pa.chunked_array([], pa.int64())).tolist() == []
    assert is_there(pa.chunked_array([pa.nulls(3, pa.float64())])).tolist() == [False] * 3


def test_rows_of_a_run_that_do_not_lie_together() -> None:
    ids = pa.array(["a", "b", "a", "c"]).dictionary_encode()
    table = pa.table({"run_id": ids, "seed": [0, 1, 2, 3]})
    assert rows_of(table, "a") == [{"run_id": "a", "seed": 0}, {"run_id": "a", "seed": 2}]
    assert rows_of(table, "d") == []


def test_a_run_is_shown_without_what_reads_parquet(tmp_path: Path) -> None:
    write_part(tmp_path, record("ab" * 8))
    code = (
        "import atexit, sys; from regene_bench.cli.main import main; "
        "heavy = {'numpy', 'pyarrow', 'pandas', 'torch', 'rich'}; "
        "atexit.register(lambda: print('loaded', sorted(heavy & set(sys.modules)))); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "show", "abab", "--results", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cgan on digits" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded []"
