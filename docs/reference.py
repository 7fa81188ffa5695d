"""Write the reference pages that are made from the code: ``python docs/reference.py``.

A test compares the files with what this script would write, so that they cannot drift.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from regene_bench import api, hookspecs
from regene_bench.base.environment import LIBRARIES_VARIABLES, VARIABLES
from regene_bench.base.errors import EXIT_CODES
from regene_bench.cli.main import COMMANDS, load_command
from regene_bench.data import readers
from regene_bench.plugins.entries import FILE_SUFFIXES, KIND_OF_HOOK
from regene_bench.testing import CHECKED_KINDS, checks_for

DOCS = Path(__file__).resolve().parent
_MADE = "<!-- made by docs/reference.py from the code -->"
_SHOWN = (FunctionType, property, cached_property, classmethod, staticmethod)


def cli_page() -> str:
    """Every command with its arguments and options, as Markdown."""
    lines = ["# Command line", "", _MADE, ""]
    lines += ["Exit codes: 0 all well; 2 bad usage, configuration or data, and nothing ran; 3 some"]
    lines += ["runs, metrics or checks failed; 4 all runs failed; 130 interrupted.", ""]
    for name in COMMANDS:
        lines += _command(f"regene-bench {name}", load_command(name))
    return "\n".join(lines) + "\n"


def _command(title: str, command: Any) -> Iterator[str]:
    own = getattr(command, "commands", None)
    yield from (f"## `{title}`", "", _text(command.help or ""), "")
    if own:
        for name, sub in own.items():
            yield from _command(f"{title} {name}", sub)
        return
    rows = [_parameter(parameter) for parameter in command.params if not parameter.hidden]
    if rows:
        yield from ("| parameter | default | what |", "|---|---|---|", *rows, "")


def _parameter(parameter: Any) -> str:
    argument = parameter.param_type_name == "argument"
    name = parameter.name.upper() if argument else ", ".join(parameter.opts)
    default = "required" if parameter.required else _default(parameter.default)
    return f"| `{name}` | {default} | {_cell(parameter.help or '')} |"


def _default(value: Any) -> str:
    return "" if value in (None, "", False, ()) or callable(value) else f"`{value}`"


def api_page() -> str:
    """Everything that any plugin's author imports, as Markdown."""
    return _door_page("Plugin interface", api)


def readers_page() -> str:
    """What the author of a data source imports besides, as Markdown."""
    return _door_page("Readers for data sources", readers)


def _door_page(title: str, door: ModuleType) -> str:
    """All public names of a module that plugins may import from."""
    lines = [f"# {title}", "", _MADE, "", _text(inspect.getdoc(door) or ""), ""]
    lines += [f"`from {door.__name__} import …`", ""]
    for name in door.__all__:
        lines += _member(name, getattr(door, name))
    return "\n".join(lines) + "\n"


def _member(name: str, member: Any) -> Iterator[str]:
    yield from (f"## `{name}`", "")
    if vars(hookspecs).get(name) is member:
        yield from ("Import it from `regene_bench.hookspecs`, which loads at once.", "")
    if inspect.isfunction(member) or is_dataclass(member):
        yield from ("```text", f"{name}{_signature(member)}", "```", "")
    described = inspect.isclass(member) or inspect.isfunction(member)
    # not getdoc: for a class without a docstring it gives that of its base
    documentation = inspect.cleandoc(member.__doc__ or "") if described else ""
    if documentation and described and not documentation.startswith(f"{name}("):
        yield from (_docstring(documentation), "")
    elif not described:
        yield from (f"`{_plain(member)}`", "")
    if inspect.isclass(member):
        for own, value in vars(member).items():
            if not own.startswith("_") and isinstance(value, _SHOWN):
                yield _class_member(own, value)
        yield ""


def _class_member(name: str, value: Any) -> str:
    """A method with its signature, or a property with its type, and what it is for."""
    text = _text(inspect.getdoc(value) or "").partition("\n\n")[0]
    if isinstance(value, property | cached_property):
        getter = value.fget if isinstance(value, property) else value.func
        returned = inspect.signature(getter).return_annotation
        shown = f"{name}: {_plain(returned)}"
        word = "property"
    else:
        function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        shown = f"{name}{_signature(function)}"
        word = type(value).__name__ if function is not value else ""
    words = [f"({word})"] if word else []
    told = " ".join([*words, *text.split()])
    return f"- `{shown}`: {told}" if told else f"- `{shown}`"


class _Bare(str):
    """An annotation that is written without quotes."""

    def __repr__(self) -> str:
        return str(self)


def _signature(function: Any) -> str:
    """Parameters and result, without ``self`` and ``cls``."""
    found = inspect.signature(function)
    shown = [
        one.replace(annotation=_bare(one.annotation))
        for one in found.parameters.values()
        if one.name not in ("self", "cls")
    ]
    returned = _bare(found.return_annotation)
    if inspect.isclass(function):
        returned = inspect.Signature.empty
    return _plain(found.replace(parameters=shown, return_annotation=returned))


def _bare(annotation: Any) -> Any:
    return _Bare(annotation) if isinstance(annotation, str) else annotation


def _plain(member: Any) -> str:
    """A value as text, without addresses in memory."""
    text = re.sub(r"<(?:function )?(\S+?)(?: object)? at 0x[0-9a-f]+>", r"\1", str(member))
    return text.replace("typing.", "")


def hooks_page() -> str:
    """All hooks, environment variables and exit codes, as Markdown."""
    lines = ["# Hooks, environment variables, exit codes", "", _MADE, "", "## Hooks", ""]
    lines += [
        "A plugin is a module (or object) that the entry-point group `regene_bench` names, with",
        "functions marked `@hookimpl`. `hookimpl` and `Register` are imported from",
        "`regene_bench.hookspecs`, which imports nothing heavy.",
        "",
        "| hook | what it is for | target of `register(name, target, summary=…)` |",
        "|---|---|---|",
    ]
    for name, hook in inspect.getmembers(hookspecs, inspect.isfunction):
        if not hasattr(hook, "regene_bench_spec"):
            continue
        arguments = ", ".join(inspect.signature(hook).parameters)
        what = _cell(inspect.getdoc(hook) or "")
        lines.append(f"| `{name}({arguments})` | {what} | {_target(name)} |")
    lines += ["", "## Environment variables", "", "| variable | what |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, what in VARIABLES.items()]
    lines += ["", "Of libraries and terminals:", "", "| variable | what |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, what in LIBRARIES_VARIABLES.items()]
    lines += ["", "## Exit codes", "", "| code | what |", "|---|---|"]
    lines += [f"| {code} | {what} |" for code, what in EXIT_CODES.items()]
    return "\n".join(lines) + "\n"


def _target(hook: str) -> str:
    """What is registered by a hook, as a cell; nothing for hooks that register nothing."""
    kind = KIND_OF_HOOK.get(hook)
    if kind is None:
        return ""
    suffix = FILE_SUFFIXES.get(kind)
    return f"`package:folder/file{suffix}`" if suffix else "`package.module:name`"


def contracts_page() -> str:
    """Every check of the conformance kit, as Markdown."""
    lines = ["# Contracts of plugins", "", _MADE, ""]
    lines += [
        "`regene-bench check NAME` looks at these; what fails says how to mend it. Observers and"
    ]
    lines += ["commands are checked by the name of the plugin's entry point.", ""]
    for kind in CHECKED_KINDS:
        lines += [f"## {kind.capitalize()}", "", "| check | contract | how to mend it |"]
        lines += ["|---|---|---|"]
        for check in checks_for(kind):
            contract, remedy = _cell(check.contract), _cell(check.remedy)
            lines.append(f"| `{check.name}` | {contract} | {remedy} |")
        lines.append("")
    return "\n".join(lines) + "\n"


def _docstring(text: str) -> str:
    """A Google-style docstring as Markdown: sections bold, their entries as lists."""
    lines = []
    for line in _text(text).splitlines():
        if re.fullmatch(r"(Class attributes|Attributes|Args|Returns|Raises|Yields):", line):
            lines += ["", f"**{line[:-1]}**", ""]
        elif re.match(r" {4}[^ ]+.*?: ", line):
            name, _, rest = line.strip().partition(": ")
            lines.append(f"- `{name}`: {rest}")
        else:
            lines.append(line[2:] if line.startswith(" " * 8) else line.removeprefix("    "))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _text(text: str) -> str:
    return inspect.cleandoc(text).replace("``", "`")


def _cell(text: str) -> str:
    return " ".join(_text(text).split()).replace("|", "\\|")


PAGES = {
    "reference/cli.md": cli_page,
    "reference/api.md": api_page,
    "reference/readers.md": readers_page,
    "reference/contracts.md": contracts_page,
    "reference/hooks.md": hooks_page,
}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
        print(f"wrote docs/{name}")
