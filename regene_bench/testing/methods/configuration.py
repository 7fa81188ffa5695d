"""A method's configuration: presets are valid, misspelled parameters refused, all of it JSON."""

from __future__ import annotations

import json
from typing import Any

from regene_bench.base.errors import ConfigError
from regene_bench.base.hashing import canonical_json
from regene_bench.data.shapes import PRESETS, ImageShape
from regene_bench.testing.check import Broken, require
from regene_bench.testing.methods.trained import SHAPE, MethodSubject

SHAPES = (
    ImageShape(1, 8, 8, 10),
    ImageShape(1, 28, 28, 10),
    ImageShape(3, 32, 32, 10),
    ImageShape(3, 64, 64, 2),
)
_NO_PARAMETER = "regene_bench_no_such_parameter"


def presets_are_valid(subject: MethodSubject) -> None:
    """``preset`` and ``smoke`` return values that ``Config`` accepts and keeps, for grey and RGB
    images of every size.

    Mend: look at the values that ``preset`` returns for this shape, and at the ranges of the
    fields; a name that is not a field is an error.
    """
    for shape in SHAPES:
        for name, values in _cases(subject, shape).items():
            try:
                config = subject.config(values)
            except ConfigError as error:
                raise Broken(f"{name} for {shape}: {error.message}") from None
            kept = config.model_dump(include=set(values))
            require(kept == values, f"{name} for {shape}: {values} became {kept}")


def unknown_parameters_are_refused(subject: MethodSubject) -> None:
    """A misspelled parameter is an error, and a configuration cannot be changed afterwards: the
    run's id is made from it.

    Mend: derive ``Config`` from ``MethodConfig`` (or ``TrainingLength``) and leave its
    ``model_config`` as it is.
    """
    values = subject.method.smoke(SHAPE)
    try:
        subject.config({**values, _NO_PARAMETER: 1})
    except ConfigError:
        pass
    else:
        raise Broken(f"Config accepts a parameter {_NO_PARAMETER!r} that it does not have")
    config = subject.config(values)
    require(bool(config.model_config.get("frozen")), f"{type(config).__name__} is not frozen")


def configurations_survive_json(subject: MethodSubject) -> None:
    """A configuration becomes JSON and comes back equal: leaderboards keep it as text, and
    ``--set`` reads it.

    Mend: use fields of plain types (numbers, strings, lists, nested models); give others a
    pydantic serialiser and validator that undo each other.
    """
    for name, values in _cases(subject, SHAPE).items():
        config = subject.config(values)
        text = canonical_json(config.model_dump(mode="json"))
        back = subject.config(json.loads(text))
        require(back == config, f"{name}: {config!r} came back from JSON as {back!r}")
        again = canonical_json(back.model_dump(mode="json"))
        require(again == text, f"{name}: {text} came back from JSON as {again}")


def _cases(subject: MethodSubject, shape: ImageShape) -> dict[str, dict[str, Any]]:
    """The values of every preset, and of the smallest configuration."""
    cases: dict[str, dict[str, Any]] = {"smoke": subject.method.smoke(shape)}
    return cases | {preset: subject.method.preset(preset, shape) for preset in PRESETS}
