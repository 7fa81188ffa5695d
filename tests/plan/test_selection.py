"""The little language of ``--methods``, ``--seeds`` and ``--set``."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regene_bench.base.errors import UsageError
from regene_bench.plan.selection import (
    Selection,
    parse_seeds,
    parse_selections,
    parse_settings,
    parse_value,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("regene", [Selection("regene", ({},))]),
        ("regene, cgan ,", [Selection("regene", ({},)), Selection("cgan", ({},))]),
        ("my-dist:cgan", [Selection("my-dist:cgan", ({},))]),
        ("cgan[noise_dim=3]", [Selection("cgan", ({"noise_dim": 3},))]),
        ("a[x=1|2]", [Selection("a", ({"x": 1}, {"x": 2}))]),
        ("a[x=0:3]", [Selection("a", ({"x": 0}, {"x": 1}, {"x": 2}))]),
        ("a[x=5:0:-2]", [Selection("a", ({"x": 5}, {"x": 3}, {"x": 1}))]),
        ("a[x=-2:0]", [Selection("a", ({"x": -2}, {"x": -1}))]),
        (
            "a[x=1|2,y=u|v],b",
            [
                Selection(
                    "a",
                    (
                        {"x": 1, "y": "u"},
                        {"x": 1, "y": "v"},
                        {"x": 2, "y": "u"},
                        {"x": 2, "y": "v"},
                    ),
                ),
                Selection("b", ({},)),
            ],
        ),
        ("a[ x = 1e-4 , y = true ]", [Selection("a", ({"x": 1e-4, "y": True},))]),
        ("a[x=[1,2]|[3]]", [Selection("a", ({"x": [1, 2]}, {"x": [3]}))]),
        ("a,a[x=1]", [Selection("a", ({},)), Selection("a", ({"x": 1},))]),
    ],
)
def test_methods(text: str, expected: list[Selection]) -> None:
    assert parse_selections(text) == expected


def test_a_sweep_of_the_noise_dimension_is_64_models() -> None:
    (selection,) = parse_selections("cgan[noise_dim=0:128:2]")
    assert [values["noise_dim"] for values in selection.grid] == list(range(0, 128, 2))
    assert len(selection.grid) == 64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Nothing was named"),
        (" , ", "Nothing was named"),
        ("[x=1]", "name is missing"),
        ("a[x=1", "not closed"),
        ("a[]", "are empty"),
        ("a[x]", "Cannot read 'x'"),
        ("a[x=]", "Cannot read 'x='"),
        ("a[=1]", "Cannot read '=1'"),
        ("a[x=1,x=2]", "gives x twice"),
        ("a[x=0:0]", "has 0 values"),
        ("a[x=3:1]", "has 0 values"),
        ("a[x=0:4:0]", "Cannot read the range"),
        ("a[x=0:1:2:3]", "Cannot read the range"),
        ("a[x=0.5:2]", "Cannot read the range"),
        ("a[x=0:99999999]", "has 99999999 values"),
        ("a[x=0:1000,y=0:1000,z=0:1000]", "1000000000 models"),
    ],
)
def test_methods_that_do_not_parse(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_selections(text)


names = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
scalars = st.one_of(
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.from_regex(r"[b-eg-mo-su-z][a-z]{0,6}", fullmatch=True),
    st.lists(st.integers(), max_size=3),
)
axes = st.dictionaries(names, st.lists(scalars, min_size=1, max_size=3), min_size=1, max_size=3)


def written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@given(st.lists(st.tuples(names, st.none() | axes), min_size=1, max_size=3))
def test_what_is_written_is_read(wanted: list[tuple[str, dict[str, list[Any]] | None]]) -> None:
    texts, expected = [], []
    for name, table in wanted:
        if table is None:
            texts.append(name)
            expected.append(Selection(name, ({},)))
            continue
        items = [f"{key}={'|'.join(map(written, values))}" for key, values in table.items()]
        texts.append(f"{name}[{','.join(items)}]")
        product = itertools.product(*table.values())
        expected.append(Selection(name, tuple(dict(zip(table, v, strict=True)) for v in product)))
    assert parse_selections(",".join(texts)) == expected


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-7, 7).filter(bool))
def test_ranges_are_pythons(start: int, end: int, step: int) -> None:
    expected = list(range(start, end, step))
    if not expected:
        with pytest.raises(UsageError):
            parse_selections(f"a[x={start}:{end}:{step}]")
        return
    (selection,) = parse_selections(f"a[x={start}:{end}:{step}]")
    assert [values["x"] for values in selection.grid] == expected


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("1", [0]), ("3", [0, 1, 2]), ("0,1,5", [0, 1, 5]), ("5,", [5]), (" 7 , 2 ", [7, 2])],
)
def test_seeds(text: str, seeds: list[int]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "At least one seed"),
        ("-1", "At least one seed"),
        ("", "At least one seed"),
        ("two", "not whole numbers"),
        ("1.5", "not whole numbers"),
        ("1,1", "distinct"),
        ("0,-1", "not negative"),
        (",", "distinct"),
        (f"{2**63},", "below 2\\*\\*63"),
        ("1000000000000", "1000000000000 seeds"),
    ],
)
def test_seeds_that_are_none(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_seeds(text)
    assert "--seeds" in caught.value.hint


def test_settings() -> None:
    assert parse_settings(["cgan.noise_dim=4", "cgan.norm=false", "my-dist:m.name=a=b"]) == {
        "cgan": {"noise_dim": 4, "norm": False},
        "my-dist:m": {"name": "a=b"},
    }


@pytest.mark.parametrize("item", ["cgan.noise_dim", "noise_dim=3", "cgan.=3", ".x=3", "=", ""])
def test_settings_that_do_not_parse(item: str) -> None:
    with pytest.raises(UsageError, match="Cannot read --set") as caught:
        parse_settings([item])
    assert "METHOD.KEY=VALUE" in caught.value.hint


def test_a_setting_given_twice() -> None:
    with pytest.raises(UsageError, match=r"cgan\.x twice"):
        parse_settings(["cgan.x=1", "cgan.x=2"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-4", 1e-4),
        ("true", True),
        ("True", True),
        ("None", None),
        ("null", None),
        ("[1, 2]", [1, 2]),
        ('"3"', "3"),
        ("relu", "relu"),
        ("", ""),
    ],
)
def test_values(text: str, value: object) -> None:
    found = parse_value(text)
    assert found == value
    assert type(found) is type(value)
