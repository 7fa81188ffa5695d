"""Contracts of reported numbers: each stands in the file once, under a name that is shown."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from pathlib import Path

from regene_bench.base.events import Sink
from regene_bench.plan.reported import ReportedNumber, parse_reported
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.testing.check import require
from regene_bench.testing.registration import REGISTRATION_CHECKS


class ReportedSubject:
    """What the checks of reported numbers are called with.

    Args:
        entry: The file's registration.
        folder: An empty folder.
        host: The installed plugins.
        emit: Called with progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self.host = host

    @cached_property
    def numbers(self) -> list[ReportedNumber]:
        """All lines of the file."""
        text = self.entry.load().read_text(encoding="utf-8")
        return list(parse_reported(text, self.entry.target.partition(":")[2]))


def every_line_is_valid(subject: ReportedSubject) -> None:
    """Every line has as many cells as the header, a finite value, and says its source and where in
    it the number stands.

    Mend: the message names line and column; quote a source that has a comma in it.
    """
    require(bool(subject.numbers), "the file has no numbers")


def no_number_stands_twice(subject: ReportedSubject) -> None:
    """A paper's number for one benchmark, method, metric, class and place stands in one line.

    Mend: remove the line, or tell the two apart in ``note`` (other parameters, other data).
    """
    seen = Counter(
        (n.benchmark, n.method, n.metric, n.class_name, n.source, n.where, n.note)
        for n in subject.numbers
    )
    twice = [" · ".join(filter(None, key)) for key, count in seen.items() if count > 1]
    require(not twice, f"more than once: {'; '.join(twice[:3])}")


def its_benchmarks_are_registered(subject: ReportedSubject) -> None:
    """The numbers are for benchmarks that are registered: those of others are never shown.

    Mend: write the benchmark's name as ``regene-bench list benchmarks`` does.
    """
    known = {entry.name for entry in subject.host.entries("benchmark")}
    unknown = sorted({number.benchmark for number in subject.numbers} - known)
    require(not unknown, f"no benchmark is called {' or '.join(map(repr, unknown))}")


Subject = ReportedSubject
CHECKS = (
    *REGISTRATION_CHECKS,
    every_line_is_valid,
    no_number_stands_twice,
    its_benchmarks_are_registered,
)
