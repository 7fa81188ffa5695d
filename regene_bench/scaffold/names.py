"""A plugin's name, and the names of package, distribution and class that are made from it."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from regene_bench.base.errors import UsageError

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 40
PREFIX = "regene_bench_"


@dataclass(frozen=True)
class PluginName:
    """The name under which a plugin is registered.

    The package and the distribution carry a prefix, so that no module or project of another
    purpose is hidden by a plugin named like it.

    Attributes:
        name: Small letters, digits and underscores: ``my_method``.
    """

    name: str

    @classmethod
    def parse(cls, text: str) -> PluginName:
        """Read a name that a person typed; hyphens become underscores.

        Raises:
            UsageError: It cannot be the name of a Python package; the hint says what can.
        """
        name = text.strip().replace("-", "_")
        wrong = not _NAME.fullmatch(name) or len(name) > _LONGEST or keyword.iskeyword(name)
        if wrong or name.startswith(PREFIX):
            raise UsageError(
                f"{text!r} cannot be the name of a plugin.",
                hint="Write small letters, digits and single underscores, beginning with a "
                f"letter, at most {_LONGEST}: my_method. The prefix {PREFIX} is added.",
            )
        return cls(name)

    @property
    def package(self) -> str:
        """``regene_bench_my_method``, the package that is imported."""
        return PREFIX + self.name

    @property
    def distribution(self) -> str:
        """``regene-bench-my-method``, the distribution that is installed."""
        return self.package.replace("_", "-")

    @property
    def command(self) -> str:
        """``my-method``, as commands are written."""
        return self.name.replace("_", "-")

    def class_name(self, kind: str) -> str:
        """``MyMethod``, the class that is registered.

        The kind is at its end, so that it hides no class of ``regene_bench.api``.
        """
        camel = "".join(part.capitalize() for part in self.name.split("_"))
        word = kind.capitalize()
        return camel if camel.endswith(word) and camel != word else camel + word

    @property
    def title(self) -> str:
        """``my method``, the name in running text."""
        return self.name.replace("_", " ")
