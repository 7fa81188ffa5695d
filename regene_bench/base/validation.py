"""Turns pydantic's errors into ones that name the place, the key, the value and the nearest key."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from regene_bench.base.errors import ConfigError, did_you_mean

ModelT = TypeVar("ModelT", bound=BaseModel)


class TomlTable(BaseModel):
    """Base of the tables of protocol and study files: a key that is not known is an error, and
    nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def validate(model: type[ModelT], values: Mapping[str, Any], where: str) -> ModelT:
    """Build a configuration from plain values.

    Args:
        model: The pydantic model.
        values: What the user wrote.
        where: The file or option it came from, for the message.

    Raises:
        ConfigError: One line per problem.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        problems = [_explain(model, problem) for problem in error.errors(include_url=False)]
        raise ConfigError("\n".join(f"{where}: {problem}" for problem in problems)) from None


def validate_text(model: type[ModelT], text: str, where: str) -> ModelT:
    """Build a configuration from JSON text, arguments and errors as of ``validate``."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        problems = [_explain(model, problem) for problem in error.errors(include_url=False)]
        raise ConfigError("\n".join(f"{where}: {problem}" for problem in problems)) from None


def _explain(model: type[BaseModel], problem: Any) -> str:
    # pydantic marks a bad key of a table, as apart from its value, with a last part "[key]"
    location = tuple(part for part in problem["loc"] if part != "[key]")
    key = ".".join(str(part) for part in location)
    if problem["type"] == "extra_forbidden":
        known = _fields_at(model, location[:-1])
        return f"unknown key {key!r} (value {problem['input']!r}). " + did_you_mean(
            str(location[-1]), known
        )
    if problem["type"] == "missing":
        return f"the key {key!r} is missing."
    message = str(problem["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    hint = ""
    expected = problem.get("ctx", {}).get("expected")
    if problem["type"] == "literal_error" and isinstance(problem["input"], str):
        options = [word.strip("' ") for word in str(expected).replace(" or ", ",").split(",")]
        hint = " " + did_you_mean(problem["input"], options)
    prefix = f"{key} = {problem['input']!r}: " if key else ""
    return f"{prefix}{message}.{hint}"


def _fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    current: Any = model
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            found = current.model_fields.get(str(part))
            current = found.annotation if found else None
        else:
            # A key of a dict, or an index of a list: step into the value type.
            current = _value_type(current)
        current = _unwrap(current)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return list(current.model_fields)
    return []


def _value_type(annotation: Any) -> Any:
    arguments = typing.get_args(annotation)
    return arguments[-1] if arguments else None


def _unwrap(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        inner = [a for a in typing.get_args(annotation) if a is not type(None)]
        return inner[0] if len(inner) == 1 else annotation
    return annotation
