"""A method's configuration: from what preset and user say to the JSON that tells runs apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from regene_bench.base.errors import PluginError
from regene_bench.base.guard import guarded
from regene_bench.base.hashing import canonical_json
from regene_bench.base.validation import validate
from regene_bench.data.shapes import ImageShape, Preset
from regene_bench.plugins.entries import Entry
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.training.method import Method, MethodConfig

_FIELDS = "Its fields are to be what JSON holds: numbers, texts, truth values, and lists of these."


def preset_values(
    entry: Entry, method: type[Method], preset: Preset, shape: ImageShape
) -> dict[str, Any]:
    """Ask a method what a preset sets for images of a shape.

    Raises:
        PluginError: It fails, or gives no table of parameters.
    """
    whose = f"{entry.described}: preset({preset!r})"
    with guarded(whose), kept_process_state():
        values = method.preset(preset, shape)
    if not isinstance(values, Mapping) or not all(isinstance(key, str) for key in values):
        raise PluginError(
            f"{whose} gave {values!r:.80}, no parameters by name.",
            hint="It is to return a dict; an empty one if it sets nothing.",
        )
    return dict(values)


def configured(
    entry: Entry, method: type[Method], values: Mapping[str, Any], where: str
) -> tuple[MethodConfig, str]:
    """Make a configuration, and the JSON that stands for it in run ids and results.

    Args:
        entry: Where the method was registered.
        method: Its class.
        values: What preset and user say.
        where: What to call the source of the values in messages.

    Raises:
        ConfigError: A value is wrong.
        PluginError: The configuration cannot be written as JSON, or the JSON does not give it
            back: different runs would have one id, and none could be made again.
    """
    whose = f"The configuration of {entry.described[0].lower()}{entry.described[1:]}"
    with guarded(whose, _FIELDS):
        config = validate(method.Config, values, where)
        text = canonical_json(config.model_dump(mode="json"))
    try:
        with guarded(whose, _FIELDS):
            again = method.Config.model_validate(json.loads(text))
            changed = [
                name
                for name, value in config
                if _without_types(value) != _without_types(getattr(again, name))
            ]
    except PluginError as error:
        if not isinstance(error.__cause__, ValidationError):
            raise
        first = error.__cause__.errors(include_url=False)[0]
        raise PluginError(
            f"{whose} cannot be read back from its JSON: {first['loc']}: {first['msg']}.",
            hint=_FIELDS,
        ) from error
    if changed:
        name = changed[0]
        raise PluginError(
            f"{whose} changes on its way through JSON: {name} = {getattr(config, name)!r:.80} "
            f"comes back as {getattr(again, name)!r:.80}.",
            hint="Runs that differ in it would be taken for one. " + _FIELDS,
        )
    return config, text


def _without_types(value: Any) -> Any:
    """A value as JSON can tell it from others: tuples and lists are the same.

    Raises:
        TypeError: It is a set of texts, which stand in another order in each process.
    """
    if isinstance(value, set | frozenset):
        if len(value) > 1 and any(isinstance(item, str) for item in value):
            raise TypeError(f"the set {value!r:.80} has no order; make it a sorted tuple")
        return value
    if isinstance(value, BaseModel):
        return {name: _without_types(item) for name, item in value}
    if isinstance(value, Mapping):
        return {key: _without_types(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_without_types(item) for item in value]
    return value
