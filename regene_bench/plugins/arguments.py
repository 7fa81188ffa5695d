"""Extractors that stand for many: ``timm:resnet18`` is the extractor ``timm`` with an argument."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from regene_bench.base.errors import UsageError
from regene_bench.base.guard import guarded
from regene_bench.plugins.entries import Entry
from regene_bench.runtime.process_state import kept_process_state


@dataclass(frozen=True, order=True)
class EntryWithArgument(Entry):
    """An entry of a class that stands for many, looked up as ``name:argument``.

    Attributes:
        argument: What the class method ``named`` of the target is given.
    """

    argument: str = ""

    def load(self) -> Any:
        """Import the target and return its class for the argument.

        Raises:
            UsageError: The target takes no argument.
            ConfigError: The target knows no such argument.
            PluginError: As for an entry without an argument; or the target fails.
        """
        loaded = super().load()
        if not hasattr(loaded, "named"):
            word = self.kind.replace("_", " ")
            own = self.name.removesuffix(f":{self.argument}")
            raise UsageError(
                f"The {word} {own!r} takes nothing behind a colon.", hint=f"Write {own!r}."
            )
        with guarded(self.described), kept_process_state(importing=True):
            chosen = loaded.named(self.argument)
        self._check_class(chosen)
        return chosen


def with_argument(entries: list[Entry], name: str) -> Iterator[EntryWithArgument]:
    """Yield the entries that a name means with an argument behind it."""
    for entry in entries:
        for own in (entry.name, entry.qualified_name):
            argument = name.removeprefix(f"{own}:")
            if argument not in ("", name):
                changes = {"name": f"{entry.name}:{argument}", "argument": argument}
                yield EntryWithArgument(**(asdict(entry) | changes))
