"""What a hostile plugin is, and what must become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Broken:
    """It is left out, and listed as broken.

    Attributes:
        reason: What the reason says.
    """

    reason: str


@dataclass(frozen=True)
class FailedRun:
    """A run of one of its methods fails, and the row says why.

    Attributes:
        message: What the error says.
        method: The method whose row that is.
    """

    message: str
    method: str = "bad"


@dataclass(frozen=True)
class FailedScore:
    """A metric's row fails, for one method or for all.

    Attributes:
        message: What the error says.
        metric: Where the row stands: the name under which the metric was asked for, or its column.
        method: The method whose row that is.
    """

    message: str
    metric: str = "bad"
    method: str = "real"


@dataclass(frozen=True)
class Refused:
    """A call that asks for it ends before anything runs.

    Attributes:
        message: What the error or its hint says.
        exit_code: What the command would exit with.
    """

    message: str
    exit_code: int = 2


@dataclass(frozen=True)
class Prints:
    """A command, called while it is installed, says so.

    Attributes:
        arguments: Those of ``regene-bench``.
        words: What stands in what is printed, each somewhere.
        exit_code: What the command exits with.
    """

    arguments: tuple[str, ...]
    words: tuple[str, ...]
    exit_code: int = 0


@dataclass(frozen=True)
class CheckFails:
    """A check of the conformance kit finds it out.

    Attributes:
        check: Name of the check.
        found: What the check says that it found.
        kind: Kind of the plugin, as ``regene-bench check --kind`` has it.
        name: Name of what is checked.
    """

    check: str
    found: str
    kind: str = "method"
    name: str = "bad"


@dataclass(frozen=True)
class Harmless:
    """What it asks for is done, and every row of the call is fine."""


Expectation = Broken | FailedRun | FailedScore | Refused | Prints | CheckFails | Harmless


@dataclass(frozen=True)
class HostilePlugin:
    """A small distribution that does something wrong, as an author would err, or on purpose.

    Attributes:
        name: Of the case; its module is ``hostile_`` and this with underscores.
        source: Text of its module, in which ``MODULE`` stands for the module's name.
        must: What must become of it.
        distribution: Its name; ``hostile-`` and the case's name where empty.
        version: The distribution's version.
        requires: What it requires (``Requires-Dist``).
        metadata: The whole text of ``METADATA``, where the lines above do not do.
        entry_points: The text of ``entry_points.txt``, where one line for the module does not do.
        files: More files by path below the folder of installed packages.
        methods: What the call asks for before the innocents (``--methods``).
        metrics: What it measures before the innocents' metrics (``--metrics``).
        executor: What carries out the call.
        benchmark: What is run; the innocents' protocol where empty.
        beside: More distributions that are installed.
    """

    name: str
    source: str
    must: Expectation
    distribution: str = ""
    version: str = "1.0"
    requires: tuple[str, ...] = ()
    metadata: str = ""
    entry_points: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    methods: str = ""
    metrics: str = ""
    executor: str = "serial"
    benchmark: str = ""
    beside: tuple[HostilePlugin, ...] = ()

    @property
    def module(self) -> str:
        """Name of its module."""
        return f"hostile_{self.name.replace('-', '_')}"

    @property
    def distribution_name(self) -> str:
        """Name of its distribution."""
        return self.distribution or f"hostile-{self.name}"
