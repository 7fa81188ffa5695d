"""What plugins register: names that stand for targets, imported on first use."""

from __future__ import annotations

import importlib
import importlib.resources
import re
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from regene_bench.base.errors import PluginError
from regene_bench.base.guard import NOT_A_FAULT
from regene_bench.base.text import words_of
from regene_bench.runtime.process_state import kept_process_state

OWN_DISTRIBUTION = "regene-bench"
OWN_EXECUTORS = ("serial", "stacked", "workers")
"""What carries runs out without a plugin; these names alone always mean ours."""
KIND_OF_HOOK = {
    "register_datasets": "dataset",
    "register_benchmarks": "benchmark",
    "register_methods": "method",
    "register_feature_extractors": "feature_extractor",
    "register_metrics": "metric",
    "register_executors": "executor",
    "register_figures": "figure",
    "register_studies": "study",
    "register_reported": "reported",
    "register_loggers": "logger",
}
KINDS: tuple[str, ...] = tuple(KIND_OF_HOOK.values())
RETIRED_HOOKS = {"register_publishers": "0.2"}
"""Hooks that nothing calls any more, with the version that retired them; a plugin that implements
one, for earlier versions, is not broken by it."""
FILE_SUFFIXES = {"benchmark": ".toml", "study": ".toml", "reported": ".csv"}
"""Kinds whose target is a file in a package, not an object."""

# Named, not imported: they bring pydantic and torch, which `--help` and `list` do without, and the
# contract of a figure stands with studies, above this floor.
_BASE_CLASSES = {
    "dataset": "regene_bench.data.source:DatasetSource",
    "method": "regene_bench.training.method:Method",
    "feature_extractor": "regene_bench.evaluation.extractor:FeatureExtractor",
    "metric": "regene_bench.evaluation.metric:Metric",
    "figure": "regene_bench.studies.figure:Figure",
    "logger": "regene_bench.harness.run_logger:RunLogger",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
_OBJECT_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_FILE_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[\w-][\w.-]*(/[\w-][\w.-]*)*")


@dataclass(frozen=True, order=True)
class Entry:
    """One thing that a plugin registered.

    Attributes:
        kind: One of ``KINDS``.
        name: Its name; unique within its kind and distribution.
        target: ``"package.module:Class"``, or ``"package:folder/file.toml"`` for a kind that is a
            file (``FILE_SUFFIXES``).
        summary: One line.
        distribution: The installed distribution that it comes from.
        version: Version of that distribution.
    """

    kind: str
    name: str
    distribution: str
    version: str
    target: str
    summary: str

    @property
    def qualified_name(self) -> str:
        """The name that is unique among all distributions: ``distribution:name``."""
        return f"{self.distribution}:{self.name}"

    @property
    def is_our_own(self) -> bool:
        """Whether it comes with regene-bench itself."""
        return self.distribution == OWN_DISTRIBUTION

    @property
    def described(self) -> str:
        """What it is and whose, as the beginning of a sentence."""
        kind = self.kind.replace("_", " ")
        return f"The {kind} {self.name!r} of {self.distribution} {self.version}".rstrip()

    @property
    def place(self) -> str:
        """Where the file of an entry is, for messages about what stands in it."""
        path = self.target.partition(":")[2]
        return path if self.is_our_own else f"{path} of {self.distribution} {self.version}".rstrip()

    def load(self) -> Any:
        """Import the target, or open it as a ``Traversable`` if its kind is a file.

        Raises:
            PluginError: It cannot be imported, is of the wrong class, or says of itself what cannot
                be; names the distribution.
        """
        try:
            with _unharmed_by_import(self.target.partition(":")[0]):
                if self.kind in FILE_SUFFIXES:
                    module_name, _, path = self.target.partition(":")
                    file = importlib.resources.files(module_name).joinpath(path)
                    if not file.is_file():
                        raise FileNotFoundError(f"no file {path!r} in the package {module_name}")
                    return file
                loaded = _imported(self.target)
        except NOT_A_FAULT:
            raise
        except BaseException as error:
            raise self._error(words_of(error)) from error
        self._check_class(loaded)
        return loaded

    def read(self) -> str:
        """The text of an entry whose kind is a file.

        Raises:
            PluginError: The file is not there, or is no text in UTF-8; names the distribution.
        """
        file = self.load()
        try:
            return str(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise self._error(words_of(error)) from error

    def _check_class(self, loaded: object) -> None:
        if self.kind not in _BASE_CLASSES:
            if not callable(loaded):
                raise self._error("it is not callable")
            return
        base = _imported(_BASE_CLASSES[self.kind])
        if not (isinstance(loaded, type) and issubclass(loaded, base)):
            raise self._error(f"it is not a subclass of regene_bench.api.{base.__name__}")
        from regene_bench.plugins.class_attributes import problem_of

        if problem := problem_of(self.kind, loaded):
            raise self._error(problem)

    def _error(self, why: str) -> PluginError:
        return PluginError(
            f"The {self.kind.replace('_', ' ')} {self.name!r} of the distribution "
            f"{self.distribution} {self.version} cannot be used: {self.target}: {why}",
            hint=f"Repair, upgrade or uninstall {self.distribution}.",
        )


@dataclass(frozen=True)
class Registration:
    """The ``register`` callback: it checks in the plugin's own frame, so tracebacks point there."""

    kind: str
    distribution: str
    version: str
    new: list[Entry]
    known: Iterable[Entry]

    def __call__(self, name: str, target: str, *, summary: str = "") -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise PluginError(f"{name!r} is no name: letters, digits and '_.+-' make one")
        suffix = FILE_SUFFIXES.get(self.kind, "")
        if suffix and name.endswith(suffix):
            raise PluginError(
                f"{name!r} is no name: what ends in {suffix} is read as a file's path"
            )
        pattern = _FILE_TARGET if suffix else _OBJECT_TARGET
        fits = isinstance(target, str) and pattern.fullmatch(target) and target.endswith(suffix)
        if not fits or ".." in target:
            form = f"package:file{suffix}" if suffix else "package.module:Class"
            raise PluginError(f"the target {target!r} of {name!r} is not of the form {form!r}")
        # a summary is printed on terminals: no control characters
        line = " ".join(summary.split())
        if not line.isprintable():
            line = "".join(c for c in line if c.isprintable())
        entry = Entry(self.kind, name, self.distribution, self.version, target, line)
        for entries in (self.new, self.known):
            if any(other.name == name and _is_same(other, entry) for other in entries):
                raise PluginError(f"{self.distribution} registers the {self.kind} {name!r} twice")
        self.new.append(entry)


def _is_same(one: Entry, other: Entry) -> bool:
    return (one.kind, one.qualified_name) == (other.kind, other.qualified_name)


def _unharmed_by_import(module: str) -> AbstractContextManager[None]:
    """Put back what a module changes for the whole process while it is imported."""
    return nullcontext() if module in sys.modules else kept_process_state(importing=True)


def _imported(target: str) -> Any:
    """Import what ``"package.module:Class"`` names."""
    module_name, _, path = target.partition(":")
    found: Any = importlib.import_module(module_name)
    for attribute in path.split("."):
        found = getattr(found, attribute)
    return found
