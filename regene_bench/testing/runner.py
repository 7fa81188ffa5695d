"""From a plugin's name to results: the checks of each kind, the subject they share, one run.

The modules of checks import torch, so they are imported when a kind is asked for, not before.
"""

from __future__ import annotations

import importlib
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from regene_bench.base.errors import RegeneBenchError, UnavailableError, UsageError, did_you_mean
from regene_bench.base.events import Sink, silent
from regene_bench.plugins.host import PluginHost, load_plugins
from regene_bench.plugins.method_files import find_method
from regene_bench.testing.check import Broken, Check, NotApplicable, Result, Status
from regene_bench.testing.entries_by_hook import HOOKS, entries_of

if TYPE_CHECKING:
    from regene_bench.plugins.entries import Entry

# kind as a person says it: (kind as the hooks say it, module of its checks)
_KINDS = {
    "method": ("method", "regene_bench.testing.methods"),
    "metric": ("metric", "regene_bench.testing.metrics"),
    "extractor": ("feature_extractor", "regene_bench.testing.extractors"),
    "dataset": ("dataset", "regene_bench.testing.datasets"),
    "benchmark": ("benchmark", "regene_bench.testing.benchmarks"),
    "figure": ("figure", "regene_bench.testing.figures"),
    "study": ("study", "regene_bench.testing.studies"),
    "reported": ("reported", "regene_bench.testing.reported"),
    "executor": ("executor", "regene_bench.testing.executors"),
    "observer": ("observer", "regene_bench.testing.observers"),
    "command": ("command", "regene_bench.testing.commands"),
}
CHECKED_KINDS: tuple[str, ...] = tuple(_KINDS)


def entry_kind(kind: str) -> str:
    """Give a kind's name in the hooks, where ``extractor`` is ``feature_extractor``.

    Raises:
        UsageError: There are no checks for such a kind.
    """
    if kind not in _KINDS:
        raise UsageError(f"There is no kind {kind!r}.", hint=did_you_mean(kind, _KINDS))
    return _KINDS[kind][0]


def checks_for(kind: str) -> tuple[Check, ...]:
    """Give all checks of a kind, cheap ones first. Imports torch for most kinds.

    Args:
        kind: One of ``CHECKED_KINDS``.

    Raises:
        UsageError: There are no checks for such a kind.
    """
    return tuple(Check.of(function) for function in _contracts_of(kind).CHECKS)


def subject_class(kind: str) -> type[Any]:
    """Give the class of the subjects that the checks of a kind are called with.

    It is made from an entry, an empty folder, the installed plugins and a sink of events.

    Raises:
        UsageError: There are no checks for such a kind.
    """
    subject: type[Any] = _contracts_of(kind).Subject
    return subject


@contextmanager
def open_subject(
    kind: str, name: str, *, host: PluginHost | None = None, emit: Sink = silent
) -> Iterator[Any]:
    """Give the subject that all checks of one plugin are called with.

    Results on it are repeatable: torch is told to compute deterministically. It is opened once for
    all checks, which share its trainings; its temporary files are removed at the end.

    Args:
        kind: One of ``CHECKED_KINDS``.
        name: A registered name, ``distribution:name``, or ``path/to/file.py:Class`` of a method. Of
            an observer or a command the name of the plugin's entry point.
        host: The installed plugins, if they are loaded already.
        emit: Called with the progress of trainings.

    Raises:
        UsageError: Unknown kind or name.
        PluginError: The entry cannot be imported, or is of the wrong class.
    """
    host = load_plugins() if host is None else host
    entry = _entry(host, kind, name)
    subject_of = subject_class(kind)
    from regene_bench.runtime.determinism import make_deterministic

    make_deterministic()
    with tempfile.TemporaryDirectory(prefix="regene-bench-check-") as folder:
        yield subject_of(entry, Path(folder), host, emit)


def _entry(host: PluginHost, kind: str, name: str) -> Entry:
    if kind == "method":
        return find_method(host, name)
    if kind not in HOOKS:
        return host.find(entry_kind(kind), name)
    entries = entries_of(host, kind)
    found = [entry for entry in entries if name in (entry.name, entry.qualified_name)]
    if len(found) != 1:
        hint = did_you_mean(name, [entry.qualified_name for entry in entries])
        what = "There is no" if not found else "There is more than one"
        raise UsageError(f"{what} {kind} in a plugin named {name!r}.", hint=hint)
    return found[0]


def run_check(check: Check, subject: Any) -> Result:
    """Run one check on a subject of its kind.

    Whatever the plugin raises becomes a failed or skipped result; only ``Interrupted`` and
    ``KeyboardInterrupt`` get through.
    """
    started = time.monotonic()
    status, found = _outcome(check, subject)
    return Result(check, status, found, time.monotonic() - started)


def _contracts_of(kind: str) -> ModuleType:
    entry_kind(kind)
    return importlib.import_module(_KINDS[kind][1])


def _outcome(check: Check, subject: Any) -> tuple[Status, str]:
    try:
        check.function(subject)
    except Broken as broken:
        return "failed", str(broken)
    except (NotApplicable, UnavailableError) as reason:
        return "skipped", str(reason)
    except RegeneBenchError as error:
        return "failed", f"{type(error).__name__}: {error}"
    except (Exception, SystemExit) as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename}, line {frame.lineno}, in {frame.name}"
        return "failed", f"{type(error).__name__}: {error}\nraised at {place}"
    return "passed", ""
