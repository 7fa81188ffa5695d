"""Texts, paths and switches of a command line, taken as they are.

Newer versions of typer hand each value to pydantic, whose import takes longer than all that a small
command does. What needs no conversion, or can be refused for no reason, goes past it; all else, and
all of older versions, goes the usual way.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_origin

# what typer would look at in a value, and what says that it does not
_UNCHECKED = {
    "parser": None,
    "path_type": None,
    "exists": False,
    "resolve_path": False,
    "writable": False,
    "file_okay": True,
    "dir_okay": True,
}
_NOT_PLAIN = object()


def take_plain_values(command: Any) -> Any:
    """Have the parameters of a command, and of those below it, take plain values as they are.

    Args:
        command: A command or group as click sees it; its parameters are changed.

    Returns:
        The command.
    """
    usual: Callable[[Any], list[Any]] = command.get_params

    def get_params(context: Any) -> list[Any]:
        # the option --help is made on the way
        parameters = usual(context)
        for parameter in parameters:
            if "process_value" not in vars(parameter):
                _take_plain_values(parameter)
        return parameters

    command.get_params = get_params
    for below in getattr(command, "commands", {}).values():
        take_plain_values(below)
    return command


def _take_plain_values(parameter: Any) -> None:
    usual: Callable[[Any, Any], Any] = parameter.process_value
    convert = _conversion(getattr(parameter, "type_descriptor", None))

    def process_value(context: Any, value: Any) -> Any:
        found = _NOT_PLAIN if convert is None else _converted(parameter, value, convert)
        if found is _NOT_PLAIN:
            return usual(context, value)
        callback = parameter.callback
        return found if callback is None else callback(context, parameter, found)

    parameter.process_value = process_value


def _conversion(descriptor: Any) -> Callable[[Any], Any] | None:
    """What makes a value of a text that is given; ``None`` if that is typer's to say."""
    checks = getattr(descriptor, "parameter_info", None)
    if any(getattr(checks, name, None) != plain for name, plain in _UNCHECKED.items()):
        return None
    annotation = descriptor.annotation
    if get_origin(annotation) is list:
        (annotation,) = get_args(annotation)
    return {str: _text, bool: _switch, Path: _path}.get(annotation)


def _converted(parameter: Any, value: Any, convert: Callable[[Any], Any]) -> Any:
    many = parameter.multiple or parameter.nargs == -1
    if value is None:
        left_out: Any = () if many else None
        return _NOT_PLAIN if parameter.required else left_out
    if not many:
        return convert(value)
    found = [convert(each) for each in value] if isinstance(value, list | tuple) else []
    return found if found and _NOT_PLAIN not in found else _NOT_PLAIN


def _text(value: Any) -> Any:
    return value if type(value) is str else _NOT_PLAIN


def _switch(value: Any) -> Any:
    return value if type(value) is bool else _NOT_PLAIN


def _path(value: Any) -> Any:
    if not isinstance(value, str | Path):
        return _NOT_PLAIN
    path = Path(value)
    # typer refuses what cannot be read
    return path if os.access(path, os.R_OK) or not os.path.lexists(path) else _NOT_PLAIN
