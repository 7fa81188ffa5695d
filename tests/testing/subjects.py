"""Subjects of classes that nobody registered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from regene_bench.base.events import silent
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import load_plugins
from regene_bench.testing import Result, checks_for, run_check
from regene_bench.testing.runner import entry_kind, subject_class

# these look for a registered name in a fresh process; the classes here have none
UNREGISTERED = {
    "registration-imports-nothing-heavy",
    "registration-takes-no-time",
    "registration-prints-nothing",
}


def subject_of(kind: str, cls: type, folder: Path, name: str = "") -> Any:
    """What the checks of a kind look at, for a class of the tests."""
    target = f"{cls.__module__}:{cls.__qualname__}"
    entry = Entry(entry_kind(kind), name or cls.__name__, "tests", "1", target, "of the tests")
    return subject_class(kind)(entry, folder, load_plugins(), silent)


def results_of(kind: str, subject: Any) -> dict[str, Result]:
    """The results of all checks but those of registration, by name."""
    checks = [check for check in checks_for(kind) if check.name not in UNREGISTERED]
    return {check.name: run_check(check, subject) for check in checks}


def result_of(kind: str, name: str, subject: Any) -> Result:
    """The result of one check."""
    (check,) = (check for check in checks_for(kind) if check.name == name)
    return run_check(check, subject)
