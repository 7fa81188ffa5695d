"""What a plugin's class says of itself, checked when the class is first used.

An attribute of a wrong type would else show where it is read, which may be after hours of training:
a ``version`` that is a number, when the results are written.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, get_args

from pydantic import BaseModel

from regene_bench.base.errors import did_you_mean

_CLASS_METHODS = ("preset", "smoke", "fit_batch", "batch_key")


def problem_of(kind: str, loaded: type) -> str | None:
    """Say what is wrong with a class, and how it would be right.

    Args:
        kind: Of plugin, one of ``KINDS``.
        loaded: The class, a subclass of the kind's contract.

    Returns:
        The first problem that is found, ``None`` if there is none.
    """
    return next(_PROBLEMS[kind](loaded), None)


def _of_method(method: type) -> Iterator[str]:
    yield from _abstract(method)
    yield from _wrong(method, "version", str, 'version = "2"')
    yield from _wrong(method, "is_reference", bool, "is_reference = True")
    yield from _wrong_config(method)
    yield from _not_texts(method, "sampling_params", 'sampling_params = frozenset({"field"})')
    for name in _CLASS_METHODS:
        if not isinstance(inspect.getattr_static(method, name), classmethod | staticmethod):
            yield f"{name} is to be a class method: write @classmethod above it"


def _of_metric(metric: type) -> Iterator[str]:
    yield from _abstract(metric)
    yield from _wrong_columns(getattr(metric, "columns", None))
    yield from _not_texts(metric, "requires", 'requires = ("generate",)')
    for name in ("compares_features", "moments_suffice"):
        yield from _wrong(metric, name, bool, f"{name} = True")
    for name in ("extractors", "reference"):
        yield from _no_property(metric, name)
    yield from _wrong_config(metric)


def _of_extractor(extractor: type) -> Iterator[str]:
    from regene_bench.evaluation.extractor import WeightsFile

    # a class that stands for many makes those that are used (``named``)
    if not hasattr(extractor, "named"):
        yield from _abstract(extractor)
    yield from _wrong_items(extractor, "weights", WeightsFile)
    yield from _wrong(extractor, "trained_on_data", bool, "trained_on_data = True")
    yield from _no_property(extractor, "card")


def _of_dataset(source: type) -> Iterator[str]:
    yield from _abstract(source)
    yield from _wrong(source, "knows_splits", bool, "knows_splits = True")


def _of_figure(figure: type) -> Iterator[str]:
    yield from _abstract(figure)
    yield from _wrong_config(figure)


def _of_logger(logger: type) -> Iterator[str]:
    yield from _abstract(logger)
    yield from _wrong(logger, "library", str, 'library = "tensorboard"')
    yield from _wrong(logger, "extra", str, 'extra = "tensorboard"')


_PROBLEMS: dict[str, Callable[[type], Iterator[str]]] = {
    "method": _of_method,
    "metric": _of_metric,
    "feature_extractor": _of_extractor,
    "dataset": _of_dataset,
    "figure": _of_figure,
    "logger": _of_logger,
}


def _abstract(loaded: type) -> Iterator[str]:
    missing = sorted(getattr(loaded, "__abstractmethods__", ()))
    if missing:
        yield f"it does not define {' and '.join(missing)}"


def _wrong(loaded: type, name: str, expected: type, example: str) -> Iterator[str]:
    value = getattr(loaded, name)
    if not isinstance(value, expected):
        yield f"its {name} is {_told(value)}; write {example}"


def _wrong_config(loaded: type) -> Iterator[str]:
    config = getattr(loaded, "Config", None)
    if not (isinstance(config, type) and issubclass(config, BaseModel)):
        yield f"its Config is {_told(config)}, not a class of options: derive it from the base's"


def _not_texts(loaded: type, name: str, example: str) -> Iterator[str]:
    value = getattr(loaded, name)
    if not isinstance(value, tuple | list | set | frozenset) or not all(
        isinstance(word, str) for word in value
    ):
        yield f"its {name} is {_told(value)}; write {example}"


def _wrong_columns(columns: Any) -> Iterator[str]:
    from regene_bench.evaluation.metric import Column, Direction

    if not isinstance(columns, tuple | list) or not columns:
        yield f"its columns are {_told(columns)}; write columns = (Column(...),)"
        return
    for column in columns:
        if not isinstance(column, Column):
            yield f"one of its columns is {_told(column)}, not a Column"
        elif not isinstance(column.name, str) or not column.name.isprintable() or not column.name:
            yield f"a column's name is {_told(column.name)}; write a printable text"
        elif column.direction not in get_args(Direction):
            known = did_you_mean(str(column.direction), get_args(Direction))
            yield f"the direction of {column.name!r} is {_told(column.direction)}. {known}"
        elif not (isinstance(column.unit, str) and isinstance(column.summary, str)):
            yield f"unit and summary of {column.name!r} are to be texts"
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        yield f"two of its columns have one name: {', '.join(names)}"


def _wrong_items(loaded: type, name: str, expected: type) -> Iterator[str]:
    value = getattr(loaded, name)
    if not isinstance(value, tuple | list) or not all(isinstance(one, expected) for one in value):
        yield f"its {name} is {_told(value)}; write {name} = ({expected.__name__}(...),)"


def _no_property(loaded: type, name: str) -> Iterator[str]:
    value = inspect.getattr_static(loaded, name)
    if callable(value) and not isinstance(value, property | cached_property):
        yield f"{name} must be a property: write @property above `def {name}(self)`"


def _told(value: object) -> str:
    try:
        return f"{value!r:.80}"
    except Exception:  # an object whose own text fails
        return f"a {type(value).__name__}"
