"""Errors of configurations name the place, the key, the value and the nearest right key."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from regene_bench.base.errors import ConfigError
from regene_bench.base.validation import validate


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Inner(Strict):
    rate: float = Field(default=1.0, gt=0)
    kind: Literal["adam", "sgd"] = "adam"


class Outer(Strict):
    name: str
    inner: Inner = Inner()
    maybe: Inner | None = None
    tables: dict[str, Inner] = Field(default_factory=dict)
    listed: list[Inner] = Field(default_factory=list)
    by_kind: dict[Literal["adam", "sgd"], Inner] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _not_bob(self) -> Outer:
        if self.name == "bob":
            raise ValueError("Bob is taken")
        return self


def message(**values: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        validate(Outer, values, "my.toml")
    return caught.value.message


def test_right_values_make_the_model() -> None:
    assert validate(Outer, {"name": "a", "inner": {"rate": 2}}, "x").inner.rate == 2.0


@pytest.mark.parametrize(
    ("values", "key", "nearest"),
    [
        ({"nane": 1}, "'nane' (value 1)", "'name'"),
        ({"inner": {"rte": 0.1}}, "'inner.rte' (value 0.1)", "'rate'"),
        ({"maybe": {"knd": "x"}}, "'maybe.knd' (value 'x')", "'kind'"),
        ({"tables": {"any": {"rat": 3}}}, "'tables.any.rat' (value 3)", "'rate'"),
        ({"listed": [{}, {"rats": 3}]}, "'listed.1.rats' (value 3)", "'rate'"),
    ],
)
def test_an_unknown_key_at_any_depth(values: dict[str, Any], key: str, nearest: str) -> None:
    text = message(**({"name": "a"} | values))
    assert text == f"my.toml: unknown key {key}. Did you mean {nearest}?"


def test_an_unknown_key_like_no_other_lists_the_known_ones() -> None:
    assert message(name="a", inner={"zzzz": 1}).endswith("Known: kind, rate.")


def test_a_missing_key() -> None:
    assert message() == "my.toml: the key 'name' is missing."


def test_an_impossible_value_is_shown() -> None:
    text = message(name="a", inner={"rate": -1})
    assert text == "my.toml: inner.rate = -1: input should be greater than 0."


def test_a_misspelled_choice() -> None:
    text = message(name="a", inner={"kind": "adm"})
    assert text.startswith("my.toml: inner.kind = 'adm': ")
    assert text.endswith("Did you mean 'adam'?")


def test_a_misspelled_key_of_a_table_of_choices() -> None:
    text = message(name="a", by_kind={"adm": {}})
    assert text.startswith("my.toml: by_kind.adm = 'adm': ")
    assert text.endswith("Did you mean 'adam'?")


def test_a_rule_of_the_models_own() -> None:
    assert "bob is taken" in message(name="bob").lower()


def test_every_problem_has_a_line() -> None:
    lines = message(name="a", inner={"rate": -1, "kid": 2}, extra=1).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("my.toml: ") for line in lines)
