"""From a name to results: which checks a kind has, on what they look, and how one is run."""

from __future__ import annotations

import importlib
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regene_bench.base.errors import RegeneBenchError, UnavailableError, UsageError, did_you_mean
from regene_bench.base.events import Sink, silent
from regene_bench.plugins.host import PluginHost, load_plugins
from regene_bench.testing.contract import Broken, Check, NotApplicable, Result, Status

if TYPE_CHECKING:
    from regene_bench.plugins.entries import Entry

# kind as a person says it: (kind as the hooks say it, module of its checks)
_KINDS = {
    "method": ("method", "regene_bench.testing.methods"),
    "metric": ("metric", "regene_bench.testing.metrics"),
    "extractor": ("feature_extractor", "regene_bench.testing.extractors"),
    "dataset": ("dataset", "regene_bench.testing.datasets"),
    "benchmark": ("benchmark", "regene_bench.testing.benchmarks"),
}
CHECKED_KINDS: tuple[str, ...] = tuple(_KINDS)


def entry_kind(kind: str) -> str:
    """The kind's name in the hooks: ``extractor`` is ``feature_extractor`` there.

    Raises:
        UsageError: There are no checks for such a kind.
    """
    if kind not in _KINDS:
        raise UsageError(f"There is no kind {kind!r}.", hint=did_you_mean(kind, _KINDS))
    return _KINDS[kind][0]


def checks_for(kind: str) -> tuple[Check, ...]:
    """All checks of a kind, cheap ones first; imports torch for most kinds.

    Raises:
        UsageError: There are no checks for such a kind.
    """
    entry_kind(kind)
    functions = importlib.import_module(_KINDS[kind][1]).CHECKS
    return tuple(Check.of(function) for function in functions)


@contextmanager
def open_subject(
    kind: str, name: str, *, host: PluginHost | None = None, emit: Sink = silent
) -> Iterator[Any]:
    """Give what the checks of a kind look at; its temporary files are removed afterwards.

    Args:
        kind: One of ``CHECKED_KINDS``.
        name: A registered name, or ``distribution:name``.
        host: The installed plugins, if they are loaded already.
        emit: Takes the progress of trainings.

    Raises:
        UsageError: Unknown kind or name.
        PluginError: The entry cannot be imported, or is of the wrong class.
    """
    host = load_plugins() if host is None else host
    entry: Entry = host.find(entry_kind(kind), name)
    subject_of = importlib.import_module(_KINDS[kind][1]).Subject
    from regene_bench.runtime.runtime import make_deterministic

    make_deterministic()
    with tempfile.TemporaryDirectory(prefix="regene-bench-check-") as folder:
        yield subject_of(entry, Path(folder), host, emit)


def run_check(check: Check, subject: Any) -> Result:
    """Run one check; whatever the plugin raises becomes a result. ``Interrupted`` passes."""
    started = time.monotonic()
    status, found = _outcome(check, subject)
    return Result(check, status, found, time.monotonic() - started)


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
