"""Canonical JSON and ids: the same for equal values, different for different ones."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regene_bench.base.hashing import canonical_json, stable_id

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


def shape(value: Any) -> Any:
    """A form in which ``1``, ``1.0`` and ``True`` differ, as they do in JSON."""
    if isinstance(value, dict):
        return ("dict", tuple(sorted((k, shape(v)) for k, v in value.items())))
    if isinstance(value, list):
        return ("list", tuple(shape(v) for v in value))
    return (type(value).__name__, repr(value))


@given(VALUES)
def test_round_trip(value: Any) -> None:
    assert shape(json.loads(canonical_json(value))) == shape(value)


@given(st.dictionaries(st.text(max_size=4), VALUES), st.randoms())
def test_key_order_does_not_matter(value: dict[str, Any], random: Any) -> None:
    keys = list(value)
    random.shuffle(keys)
    assert canonical_json({key: value[key] for key in keys}) == canonical_json(value)


@given(VALUES, VALUES)
def test_different_values_have_different_texts_and_ids(one: Any, other: Any) -> None:
    same = shape(one) == shape(other)
    assert (canonical_json(one) == canonical_json(other)) is same
    assert (stable_id(one) == stable_id(other)) is same


@given(st.dictionaries(st.text(max_size=4), SCALARS, min_size=1), SCALARS, st.data())
def test_any_change_changes_the_id(value: dict[str, Any], new: Any, data: Any) -> None:
    key = data.draw(st.sampled_from(sorted(value)))
    changed = value | {key: new}
    assert (stable_id(changed) == stable_id(value)) is (shape(changed) == shape(value))


def test_ids_stay_what_they_were() -> None:
    assert canonical_json({"b": [1, 0.1], "a": None}) == '{"a":null,"b":[1,0.1]}'
    assert stable_id({"b": [1, 0.1], "a": None}) == "68020a8168912fc6"


@pytest.mark.parametrize("value", [math.nan, math.inf, [{"x": -math.inf}]])
def test_rejects_what_is_not_finite(value: Any) -> None:
    with pytest.raises(ValueError, match="no canonical JSON"):
        canonical_json(value)


@pytest.mark.parametrize("value", [{1: "x"}, {"x": {2.0: 1}}, object(), b"x", {"x"}])
def test_rejects_what_json_would_bend(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


def test_tuples_are_lists() -> None:
    assert canonical_json((1, (2,))) == "[1,[2]]"


def test_no_id_reads_as_a_number() -> None:
    ids = [stable_id(number) for number in range(5000)]
    plain = [hashlib.sha256(str(number).encode()).hexdigest()[:16] for number in range(5000)]
    numbers = [one for one in plain if re.fullmatch(r"[0-9]+(e[0-9]+)?", one)]
    assert len(numbers) > 3  # among five thousand there are some
    changed = {old: new for old, new in zip(plain, ids, strict=True) if old != new}
    assert sorted(changed) == sorted(numbers)
    assert all(new[0] in "abcdef" and new[1:] == old[1:] for old, new in changed.items())
