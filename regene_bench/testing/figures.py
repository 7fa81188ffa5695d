"""Contracts of figures: exhibits that can be kept, the same each time, and errors that say why."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from regene_bench.base.errors import ConfigError, MethodError, UnavailableError
from regene_bench.base.events import Sink
from regene_bench.base.validation import validate
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.studies.definition import FigureTable, Study
from regene_bench.studies.exhibit_files import keep_exhibit
from regene_bench.studies.figure import Exhibit, Figure
from regene_bench.testing.cache import other_cache
from regene_bench.testing.check import Broken, NotApplicable, require
from regene_bench.testing.made_up_study import made_up_views, study_of, tables_of
from regene_bench.testing.registration import REGISTRATION_CHECKS


class FigureSubject:
    """What the checks of figures are called with.

    Args:
        entry: The figure's registration.
        folder: An empty folder.
        host: The installed plugins.
        emit: Called with progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self.folder = folder
        self._host = host

    @cached_property
    def study(self) -> Study:
        """A study that draws it."""
        return study_of(self._host, self.entry)

    @cached_property
    def figure(self) -> Figure:
        """The figure with the options that its study gives it."""
        table: FigureTable = tables_of(self.study, self.entry)[0]
        kind: type[Figure] = self.entry.load()
        try:
            return kind(validate(kind.Config, table.options, self.study.name))
        except ConfigError as error:
            if self.study.name == "made-up":
                raise NotApplicable(f"no study says which options it has: {error}") from None
            raise

    @cached_property
    def exhibits(self) -> list[Exhibit]:
        """What it draws of the study's runs, drawn once for all checks.

        Raises:
            NotApplicable: It needs trained models, or weights that are not here.
        """
        return self.draw()

    def draw(self, *, scored: bool = True) -> list[Exhibit]:
        """Draw the study's runs, with made-up scores or none."""
        with other_cache(self.folder / "cache"):
            views = made_up_views(self._host, self.study, self.folder, scored=scored)
            return list(self.figure.draw(views))


def exhibits_can_be_kept(subject: FigureSubject) -> None:
    """``draw`` yields exhibits, each with a name of its own that is a file name, a caption, columns
    of one length that make a table, and perhaps a drawing that can be saved.

    Mend: yield ``Exhibit(name, caption, {"column": [values]}, drawing)``; put the benchmark into
    the name if there is an exhibit for each; hand over numbers and texts, no tensors.
    """
    exhibits = subject.exhibits
    require(bool(exhibits), "it draws nothing of its study's runs")
    for exhibit in exhibits:
        require(isinstance(exhibit, Exhibit), f"it yields {type(exhibit).__name__}")
        require(bool(exhibit.caption.strip()), f"{exhibit.name!r} has no caption")
        require(bool(exhibit.data), f"{exhibit.name!r} has no data")
        try:
            keep_exhibit(subject.folder, exhibit, {})
        except MethodError as error:
            raise Broken(str(error)) from None
    names = [exhibit.name for exhibit in exhibits]
    twice = sorted({name for name in names if names.count(name) > 1})
    require(not twice, f"several exhibits are called {', '.join(twice)}, and overwrite each other")


def the_same_runs_make_the_same_exhibits(subject: FigureSubject) -> None:
    """Drawn twice, the same runs make exhibits of the same names and numbers.

    Mend: take a generator with a fixed seed for what is drawn at random (``derive_seed``), and sort
    what comes out of a set.
    """
    first, again = (_numbers(exhibits) for exhibits in (subject.exhibits, subject.draw()))
    differing = sorted(name for name in first if first[name] != again.get(name))
    require(first == again, f"drawn again these differ: {', '.join(differing) or 'their names'}")


def what_is_missing_is_said(subject: FigureSubject) -> None:
    """Of runs that lack the scores it shows, it draws what there is, or raises ``MethodError`` with
    what is missing; the other figures of the study are drawn all the same.

    Mend: ``run.value(column)`` is ``None`` where there is no score: leave the run out, and raise
    ``MethodError`` if none is left.
    """
    try:
        subject.draw(scored=False)
    except (MethodError, UnavailableError) as error:
        require(bool(str(error).strip()), "the error has no message")
    except NotApplicable:
        raise
    except Exception as error:
        raise Broken(f"it raises {type(error).__name__}: {error}") from error


def pyplot_is_left_alone(subject: FigureSubject) -> None:
    """A drawing is made without ``matplotlib.pyplot``, whose figures stay in memory and want a
    screen.

    Mend: ``from matplotlib.figure import Figure as Drawing``, then
    ``Drawing(layout="constrained")`` and its ``subplots``.
    """
    before = _pyplots_figures()
    subject.draw()
    more = _pyplots_figures() - before
    require(more == 0, f"it leaves {more} figures with pyplot")


def _pyplots_figures() -> int:
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    return len(pyplot.get_fignums()) if pyplot is not None else 0


def _numbers(exhibits: Sequence[Exhibit]) -> dict[str, Mapping[str, list[str]]]:
    """Columns as text: arrays compare, and what is no number equals itself."""
    return {
        one.name: {name: [repr(value) for value in values] for name, values in one.data.items()}
        for one in exhibits
    }


Subject = FigureSubject
CHECKS = (
    *REGISTRATION_CHECKS,
    exhibits_can_be_kept,
    the_same_runs_make_the_same_exhibits,
    what_is_missing_is_said,
    pyplot_is_left_alone,
)
