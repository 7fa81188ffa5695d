"""Contracts of observers: told of runs, they neither raise, nor write where tables are written."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

from regene_bench.base.events import Sink
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.testing.check import require
from regene_bench.testing.entries_by_hook import plugin_of
from regene_bench.testing.registration import LOADING_CHECKS


class ObserverSubject:
    """What the checks of observers are called with.

    Args:
        entry: Stands for the plugin.
        folder: An empty folder.
        host: The installed plugins.
        emit: Called with progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self._folder = folder
        self.plugin = plugin_of(host, entry)

    @property
    def results(self) -> str:
        """A results folder, made if it is not there."""
        folder = self._folder / "results"
        folder.mkdir(exist_ok=True)
        return str(folder)

    def tell(self, hook: str, **arguments: Any) -> str:
        """Call a hook of this plugin alone, and give back what it wrote to standard output."""
        written = io.StringIO()
        with contextlib.redirect_stdout(written):
            getattr(self.plugin.manager.hook, hook)(**arguments)
        return written.getvalue()

    def tell_all(self) -> str:
        """Tell of a call with two runs, one of which fails, as ``regene-bench run`` does."""
        written = ""
        for seed, status in enumerate(("ok", "failed")):
            written += self.tell("run_started", run=example_run(seed, self.results))
            run = example_run(seed, self.results)
            written += self.tell("run_finished", run=run, status=status)
        return written + self.tell("campaign_finished", results=self.results)


def example_run(seed: int, results: str) -> dict[str, Any]:
    """What observers are told of a run."""
    return {
        "run_id": f"0123456789abcde{seed}",
        "benchmark": "digits",
        "preset": "quick",
        "method": "my_method",
        "params": '{"width":64}',
        "seed": seed,
        "results": results,
    }


def it_bears_what_it_is_told(subject: ObserverSubject) -> None:
    """Told that runs begin, end well and fail, and that a call has ended, it raises nothing, also
    when it is told a second time.

    Mend: a failed run has ended as well; catch what your own work can raise (a disk that is full, a
    server that does not answer). What an observer raises is logged, and nobody sees it.
    """
    subject.tell_all()
    subject.tell_all()


def it_changes_nothing(subject: ObserverSubject) -> None:
    """It leaves the description of a run as it is: all observers are given the same.

    Mend: work on a copy: ``dict(run)``.
    """
    for hook, more in (("run_started", {}), ("run_finished", {"status": "ok"})):
        run = example_run(0, subject.results)
        subject.tell(hook, run=run, **more)
        require(run == example_run(0, subject.results), f"after {hook} the run is {run}")


def standard_output_is_left_alone(subject: ObserverSubject) -> None:
    """It prints nothing on standard output, which holds tables for other programs to read.

    Mend: ``print(..., file=sys.stderr)``, or use ``logging``.
    """
    written = subject.tell_all()
    require(not written, f"it printed {written[:80]!r}")


Subject = ObserverSubject
CHECKS = (
    *LOADING_CHECKS,
    it_bears_what_it_is_told,
    it_changes_nothing,
    standard_output_is_left_alone,
)
