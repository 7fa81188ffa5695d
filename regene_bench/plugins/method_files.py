"""A method in a file, before it is a plugin: ``--methods my_idea.py:MyMethod``.

What runs is what was read: the source is read once, hashed, and compiled from memory. The hash
stands where a plugin has its distribution (``file:3f1c…``), so that it is part of every run's id
and row, and two versions of a file are never taken for one. A file that imports another one from
beside itself is refused, since its hash would not tell of that one.

Only what a user names on the command line or in a call is looked up here. Protocols, studies and
results, which may come from elsewhere, cannot have a file executed.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from regene_bench.base.errors import PluginError, UsageError, did_you_mean
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost

FILE_PREFIX = "file:"
"""What the distribution of a method in a file begins with; no distribution's name has a colon."""
_FORM = re.compile(r"(?P<path>.+\.py):(?P<name>[^\W\d]\w*)")
_DIGITS = 16


@dataclass(frozen=True, order=True)
class FileEntry(Entry):
    """A method in a file.

    Attributes:
        source: The file's content as it was read.
    """

    source: bytes = field(default=b"", repr=False)

    @property
    def qualified_name(self) -> str:
        """What it is asked for by: path and class."""
        return self.target

    def load(self) -> Any:
        """Run the file's source, once a process, and return its class.

        Raises:
            PluginError: It raises, has no such class, or the class is no ``Method``.
        """
        path, _, name = self.target.rpartition(":")
        try:
            refuse_neighbours(self.source, Path(path))
            module = self._module(path)
        except PluginError as error:
            raise self._error(str(error)) from None
        except (Exception, SystemExit) as error:
            raise self._error(f"{type(error).__name__}: {error}") from error
        loaded = vars(module).get(name)
        if loaded is None:
            classes = [n for n, value in vars(module).items() if isinstance(value, type)]
            own = [n for n in classes if vars(module)[n].__module__ == module.__name__]
            raise self._error(f"it has no {name!r}. {did_you_mean(name, own)}")
        self._check_class(loaded)
        return loaded

    def _module(self, path: str) -> ModuleType:
        module_name = "regene_bench_" + self.distribution.replace(":", "_")
        if module_name in sys.modules:
            return sys.modules[module_name]
        module = ModuleType(module_name)
        module.__file__ = path
        # pydantic and dataclasses look up the module of a class
        sys.modules[module_name] = module
        try:
            exec(compile(self.source, path, "exec"), vars(module))
        except BaseException:
            del sys.modules[module_name]
            raise
        return module

    def _error(self, why: str) -> PluginError:
        path = self.target.rpartition(":")[0]
        hint = f"Repair {path}; `regene-bench new method NAME` writes one that works."
        return PluginError(f"The method {self.target} cannot be used: {why}", hint=hint)


def refuse_neighbours(source: bytes, path: Path) -> None:
    """Let a file import what is installed, and nothing that lies beside it.

    Raises:
        PluginError: It imports a module or package of its own folder.
        SyntaxError: It is no Python.
    """
    for node in ast.walk(ast.parse(source, str(path))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in (name.partition(".")[0] for name in names):
            beside = (path.with_name(f"{name}.py"), path.with_name(name) / "__init__.py")
            if any(file.is_file() for file in beside):
                raise PluginError(
                    f"it imports {name!r} from beside it, and its identity would not tell of that. "
                    "Put all into one file, or make a plugin of both"
                )


def names_a_file(name: str) -> bool:
    """Tell whether a method's name is of the form ``path/to/file.py:Class``."""
    return _FORM.fullmatch(name) is not None


def registered_only(methods: str) -> str:
    """Give the methods of a protocol or a study, which may be anybody's, back.

    Raises:
        ValueError: One is a file; whoever reads the protocol has not asked for it to be executed.
    """
    if re.search(r"\.py:\w", methods):
        raise ValueError("a method in a file can be named with --methods only")
    return methods


def find_method(host: PluginHost, name: str, *, home: str = "") -> Entry:
    """Look up a method that a user asked for: a registered name, or ``path/to/file.py:Class``.

    Raises:
        UsageError: Unknown name, or no such file.
        PluginError: Two distributions register the name.
    """
    form = _FORM.fullmatch(name)
    if form is None:
        if name.endswith(".py"):
            raise UsageError(
                f"{name!r} is a file, not a method.",
                hint=f"Write the class behind a colon: {name}:MyMethod.",
            )
        return host.find("method", name, home=home)
    path = Path(form["path"]).expanduser()
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"Cannot read the method {name!r}: {path}: {error.strerror or error}.",
            hint="Write PATH.py:CLASS, with the path from the folder that you are in.",
        ) from None
    digest = hashlib.sha256(source).hexdigest()[:_DIGITS]
    return FileEntry(
        kind="method",
        name=form["name"],
        distribution=FILE_PREFIX + digest,
        version="",
        target=f"{path}:{form['name']}",
        summary=f"{form['name']} in {path.name}",
        source=source,
    )
