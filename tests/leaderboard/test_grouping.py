"""Grouping by numbers of combinations gives what pyarrow's own group-by gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regene_bench.leaderboard import grouping
from regene_bench.leaderboard.grouping import codes, group, records

WHAT = [("value", "mean"), ("value", "stddev"), ("value", "count"), ("size", "mean")]
OF_ARROW = [
    ("value", "mean"),
    ("value", "stddev", pc.VarianceOptions(ddof=1)),
    *(("value", "count"), ("size", "mean")),
]
Row = tuple[str | None, int | None, str, float | None, int | None]
rows = st.lists(
    st.tuples(
        st.sampled_from([None, "", "a", "b"]),
        st.sampled_from([None, 0, 1]),
        st.sampled_from(["x", "y"]),
        st.one_of(st.none(), st.integers(-40, 40).map(lambda n: n / 8)),
        st.one_of(st.none(), st.integers(0, 2**40)),
    ),
    max_size=40,
)


def table_of(values: list[Row]) -> pa.Table:
    columns = list(zip(*values, strict=True)) or [()] * 5
    return pa.table(
        {
            "text": pa.array(columns[0], pa.string()).dictionary_encode(),
            "number": pa.array(columns[1], pa.int64()),
            "word": pa.array(columns[2], pa.string()),
            "value": pa.array(columns[3], pa.float64()),
            "size": pa.array(columns[4], pa.int64()),
        }
    )


def by_key(grouped: pa.Table) -> dict[tuple[str | None, int | None], dict[str, Any]]:
    return {(row["text"], row["number"]): rounded(row) for row in grouped.to_pylist()}


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    # a sum in another order has another last digit
    return {key: f"{v:.9f}" if isinstance(v, float) else v for key, v in row.items()}


@given(rows)
def test_groups_as_pyarrow_does(values: list[Row]) -> None:
    table = table_of(values)
    keys = ["text", "number"]
    expected = table.group_by(keys, use_threads=False).aggregate(OF_ARROW)
    found = group(table, keys, WHAT)
    assert by_key(found) == by_key(expected)
    firsts = list(dict.fromkeys((row["text"], row["number"]) for row in table.to_pylist()))
    assert [(row["text"], row["number"]) for row in found.to_pylist()] == firsts


@given(rows)
def test_codes_are_equal_exactly_where_rows_are(
    values: list[Row],
) -> None:
    table = table_of(values)
    keys = ["text", "number", "word"]
    found = codes(table, keys).tolist()
    told = [tuple(row[key] for key in keys) for row in table.to_pylist()]
    assert len(set(zip(found, told, strict=True))) == len(set(found)) == len(set(told))


def test_more_combinations_than_a_whole_number_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({f"c{i}": np.arange(50) % (i + 2) for i in range(12)})
    keys = table.column_names
    expected = codes(table, keys)
    monkeypatch.setattr(grouping, "_LARGEST", 1000)
    _, first = np.unique(expected, return_inverse=True)
    _, second = np.unique(codes(table, keys), return_inverse=True)
    assert len(set(zip(first.tolist(), second.tolist(), strict=True))) == len(set(first.tolist()))


@given(rows)
def test_records_are_what_pyarrow_gives(
    values: list[Row],
) -> None:
    table = table_of(values)
    assert records(table) == table.to_pylist()
