"""Options as tables of text: what can be set, of which type, and within which range."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from regene_bench.base.text import aligned

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "multiple_of": "multiple of"}


def parameter_table(
    config: type[BaseModel], word: str = "parameter", sampling: Collection[str] | None = None
) -> str:
    """Describe every field of a configuration in a line.

    Args:
        config: The pydantic model.
        word: What a field is called.
        sampling: The fields that a method's training does not look at; with them a column says of
            each field what it changes.

    Returns:
        The table; empty if there is no field.
    """
    told = _attribute_lines(config)
    rows = []
    for name, field in config.model_fields.items():
        changes = [] if not sampling else ["samples" if name in sampling else "training"]
        words = field.description or told.get(name, "")
        rows.append(
            (name, type_name(field.annotation), _default(field), _range(field), *changes, words)
        )
    changes = ["changes"] if sampling else []
    return aligned(rows, (word, "type", "default", "range", *changes, ""), indent="  ")


def settings(values: Mapping[str, Any]) -> str:
    """Write values as ``key=value``, with commas between."""
    return ", ".join(f"{key}={value}" for key, value in values.items()) or "nothing set"


def type_name(annotation: Any) -> str:
    """Write a type as people do: ``int``, ``a | b`` for words to choose from, ``list of int``."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return type_name(arguments[0])
    if origin is typing.Literal:
        return " | ".join(str(argument) for argument in arguments)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(type_name(argument) for argument in arguments)
    if origin in (tuple, list) and len({*arguments} - {...}) == 1:
        return f"{origin.__name__} of {type_name(arguments[0])}"
    if annotation is type(None):
        return "None"
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _attribute_lines(config: type) -> dict[str, str]:
    """Read the ``Attributes:`` of a class and its bases from their Google-style docstrings."""
    found: dict[str, str] = {}
    for base in reversed(config.__mro__):
        _, _, block = (inspect.cleandoc(base.__doc__ or "")).partition("Attributes:\n")
        name = ""
        for line in block.splitlines():
            if match := re.match(r" {4}(\w+): (.*)", line):
                name = match[1]
                found[name] = match[2]
            elif name and line.startswith(" " * 8):
                found[name] += " " + line.strip()
            else:
                name = ""
    return found


def _default(field: FieldInfo) -> str:
    return "required" if field.is_required() else str(field.get_default(call_default_factory=True))


def _range(field: FieldInfo) -> str:
    found = []
    for constraint in field.metadata:
        for attribute, sign in _SIGNS.items():
            value = getattr(constraint, attribute, None)
            if value is not None:
                found.append(f"{sign} {value}")
    return ", ".join(found)
