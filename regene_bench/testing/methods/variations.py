"""Other values for a configuration's fields, which the configuration accepts."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from regene_bench.base.errors import ConfigError
from regene_bench.testing.methods.trained import SHAPE, MethodSubject
from regene_bench.training.method import MethodConfig


def varied(
    subject: MethodSubject,
    names: Iterable[str],
    fits: Callable[[MethodConfig], bool] = lambda config: True,
) -> dict[str, Any]:
    """Give the smallest configuration other values in as many fields as it can have.

    Args:
        subject: The method.
        names: The fields that may change.
        fits: Whether a configuration, all else being right, is one that is wanted.

    Returns:
        The values of the changed fields; a field is left out of which no other value was found.
    """
    changed: dict[str, Any] = {}
    smallest = subject.method.smoke(SHAPE)
    for name in sorted(names):
        before = getattr(subject.config(smallest), name)
        for value in _others(before, subject.method.Config.model_fields[name].annotation):
            tried = changed | {name: value}
            try:
                config = subject.config(smallest | tried)
            except ConfigError:
                continue
            if getattr(config, name) != before and fits(config):
                changed = tried
                break
    return changed


def shown(values: dict[str, Any]) -> str:
    """Values as ``--set`` takes them: ``width=8, rate=0.1``."""
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _others(value: Any, annotation: Any) -> Iterator[Any]:
    """Values near this one, and the choices of a ``Literal``."""
    yield from _choices(annotation)
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value * 2, value // 2)
    elif isinstance(value, float):
        yield from (value * 0.5, value * 1.5, value + 0.25)
    elif value is None:
        yield from (1, 2, 0.5)


def _choices(annotation: Any) -> Iterator[Any]:
    if typing.get_origin(annotation) is typing.Literal:
        yield from typing.get_args(annotation)
        return
    for part in typing.get_args(annotation):
        yield from _choices(part)
