"""Contracts of studies: the file is valid, and all that it names is there, under every preset."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from regene_bench.base.errors import RegeneBenchError
from regene_bench.base.events import Sink
from regene_bench.data.shapes import PRESETS, Preset
from regene_bench.plan.metrics import choose_metrics
from regene_bench.plan.protocol import load_benchmark
from regene_bench.plan.runs import choose
from regene_bench.plan.selection import parse_seeds, parse_selections, parse_settings
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.studies.definition import Study, load_study, make_figures
from regene_bench.testing.check import Broken, NotApplicable, require
from regene_bench.testing.registration import REGISTRATION_CHECKS


class StudySubject:
    """What the checks of studies are called with.

    Args:
        entry: The study's registration.
        folder: An empty folder.
        host: The installed plugins.
        emit: Called with progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self.host = host

    @cached_property
    def study(self) -> Study:
        """The validated file."""
        return load_study(self.host, self.entry.qualified_name)

    @property
    def valid(self) -> Study:
        """The validated file, for whoever looks further.

        Raises:
            NotApplicable: It is not valid.
        """
        try:
            return self.study
        except RegeneBenchError:
            raise NotApplicable("the file is not valid: see the-study-is-valid") from None


def the_study_is_valid(subject: StudySubject) -> None:
    """The file is valid TOML with every key, and the study's name is the registered one.

    Mend: the message names the key; write ``name`` as it is passed to ``register``, because the
    study's files are kept under it.
    """
    name = subject.study.name
    require(name == subject.entry.name, f"the file says name = {name!r}")
    for key in ("title", "source"):
        require(bool(getattr(subject.study, key).strip()), f"its {key} is empty")


def its_figures_are_registered(subject: StudySubject) -> None:
    """Every figure is registered and accepts the options that the study gives it.

    Mend: correct ``kind``, or the keys under ``[figures.options]``; ``regene-bench info FIGURE``
    lists them.
    """
    study = subject.valid
    try:
        make_figures(subject.host, study)
    except RegeneBenchError as error:
        raise Broken(str(error)) from None


def its_runs_can_be_planned(subject: StudySubject) -> None:
    """Under every preset its benchmarks, methods with their parameters, seeds and metrics exist.

    Mend: correct the name or the parameter, or depend on the distribution that registers it; what
    a preset changes stands under ``[presets.NAME]``.
    """
    _ = subject.valid
    for preset in PRESETS:
        try:
            _plan(subject, preset)
        except RegeneBenchError as error:
            raise Broken(f"preset {preset}: {error}") from None


def _plan(subject: StudySubject, preset: Preset) -> None:
    study, host = subject.study.at(preset), subject.host
    selections, seeds = parse_selections(study.methods), parse_seeds(study.seeds)
    for name in study.benchmarks:
        benchmark = load_benchmark(host, name)
        choose(host, benchmark, selections, seeds, preset, parse_settings(study.settings))
        choose_metrics(host, benchmark, ",".join(study.metrics))


Subject = StudySubject
CHECKS = (
    *REGISTRATION_CHECKS,
    the_study_is_valid,
    its_figures_are_registered,
    its_runs_can_be_planned,
)
