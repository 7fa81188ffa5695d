"""Write the reference pages that are made from the code: ``python docs/reference.py``.

A test compares the files with what this script would write, so that they cannot drift.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from regene_bench import api
from regene_bench.cli.main import COMMANDS, load_command
from regene_bench.data import readers
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
    if inspect.isfunction(member):
        yield from ("```text", f"{name}{_plain(inspect.signature(member))}", "```", "")
    described = inspect.isclass(member) or inspect.isfunction(member)
    # not getdoc: for a class without a docstring it gives that of its base
    documentation = inspect.cleandoc(member.__doc__ or "") if described else ""
    if documentation and described and not documentation.startswith(f"{name}("):
        yield from (_docstring(documentation), "")
    elif not described:
        yield from (f"`{_plain(member)}`", "")
    if inspect.isclass(member):
        for method, function in vars(member).items():
            text = inspect.getdoc(function)
            if method.startswith("_") or not isinstance(function, _SHOWN) or text is None:
                continue
            yield f"- `{method}`: {_text(text.partition(chr(10) * 2)[0])}"
        yield ""


def _plain(member: Any) -> str:
    """A value as text, without addresses in memory."""
    text = re.sub(r"<(?:function )?(\S+?)(?: object)? at 0x[0-9a-f]+>", r"\1", str(member))
    return text.replace("typing.", "")


def contracts_page() -> str:
    """Every check of the conformance kit, as Markdown."""
    lines = ["# Contracts of plugins", "", _MADE, ""]
    lines += ["`regene-bench check NAME` looks at these; what fails says how to mend it.", ""]
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
}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
        print(f"wrote docs/{name}")
