"""A whole study: its runs on every benchmark, then its figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from regene_bench.base.errors import (
    EXIT_ALL_FAILED,
    EXIT_OK,
    EXIT_SOME_FAILED,
    MethodError,
    UnavailableError,
    UsageError,
)
from regene_bench.base.events import Message, Sink, silent
from regene_bench.base.files import write_atomically
from regene_bench.base.guard import NOT_A_FAULT
from regene_bench.base.text import text_of, traceback_of, words_of
from regene_bench.data.shapes import Preset
from regene_bench.harness.campaign import Outcome, carry_out
from regene_bench.harness.options import Options
from regene_bench.harness.prepare import Campaign, prepare
from regene_bench.harness.shared_data import SharedData
from regene_bench.leaderboard.one_run import read_run
from regene_bench.plan.reported import reported_numbers
from regene_bench.plan.runs import check_preset
from regene_bench.plan.selection import parse_settings
from regene_bench.plugins.host import PluginHost, load_plugins
from regene_bench.runtime.device import is_here
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.runtime.stop import StopRequest
from regene_bench.studies.definition import Study, load_study, make_figures
from regene_bench.studies.exhibit_files import keep_exhibit, study_folder
from regene_bench.studies.figure import Exhibit, Figure
from regene_bench.studies.view import FinishedRun, StudyView

DEFAULT_PRESET = "standard"
_OF_FIGURES = "figures."
_OF_AN_OPTION = "figures.KIND.OPTION=VALUE"


@dataclass(frozen=True)
class Shown:
    """An exhibit that a figure has made, and the files it was written to."""

    exhibit: Exhibit
    files: Sequence[Path]


@dataclass(frozen=True)
class Missed:
    """A figure that could not be made.

    Attributes:
        kind: Name of the figure.
        reason: Why, for people to read.
        failed: False where something it needs is not on this machine, which is no failure.
    """

    kind: str
    reason: str
    failed: bool


@dataclass
class StudyOutcome:
    """What a call did.

    Attributes:
        study: As the preset has it.
        folder: Where its files lie.
        asked: Options that the call gave in place of the study's own, by name; its files tell them.
        outcomes: The runs, one outcome a benchmark.
        shown: What was drawn.
        missed: What could not be.
    """

    study: Study
    folder: Path
    asked: dict[str, Any] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0; 3 if a run, a metric or a figure failed; 4 if nothing could be shown for it."""
        codes = [outcome.exit_code for outcome in self.outcomes]
        failed = any(missed.failed for missed in self.missed)
        if not self.shown and (failed or any(codes)):
            return EXIT_ALL_FAILED
        return EXIT_SOME_FAILED if failed or any(codes) else EXIT_OK


def run_study(
    name: str,
    options: Options,
    benchmarks: Sequence[str] = (),
    emit: Sink = silent,
    stop: StopRequest | None = None,
) -> StudyOutcome:
    """Run a study and make its figures.

    Args:
        name: A registered study, or the path of a file.
        options: As of ``run``; what is empty there comes from the study. Settings may be of
            figures, too: ``figures.KIND.OPTION=VALUE``.
        benchmarks: Run on these instead of the study's own.
        emit: Takes progress events.
        stop: Looked at between steps.

    Raises:
        RegeneBenchError: Bad usage, configuration or data; nothing ran.
        Interrupted: A stop was asked for; calling again goes on where this call ended.
    """
    stop = stop or StopRequest(options.time_limit)
    host = load_plugins()
    preset = check_preset(options.preset or DEFAULT_PRESET)
    settings, options_of_figures = _divided(options.settings)
    study = load_study(host, name).at(preset).with_options(options_of_figures)
    figures = make_figures(host, study)
    chosen = replace(
        options,
        preset=preset,
        methods=options.methods or study.methods,
        seeds=options.seeds or study.seeds,
        metrics=options.metrics or ",".join(study.metrics),
        settings=(*_besides(study.settings, settings), *settings),
    )
    campaigns = [prepare(b, chosen, emit, stop) for b in benchmarks or study.benchmarks]
    outcome = StudyOutcome(
        study, study_folder(options.results, study.name, preset), _asked(options)
    )
    for campaign in campaigns:
        outcome.outcomes.append(carry_out(campaign))
    views = [view for campaign in campaigns if (view := _view(host, campaign)).runs]
    shared = [campaign.setting.shared for campaign in campaigns]
    _show(figures, views, shared, outcome, stop, emit)
    _describe(outcome, preset, views)
    return outcome


def _asked(options: Options) -> dict[str, Any]:
    """What a call asks for itself; without it nobody could repeat what was drawn."""
    given = {
        "methods": options.methods,
        "seeds": options.seeds,
        "metrics": options.metrics,  # from Python alone
        "settings": list(options.settings),
    }
    return {name: value for name, value in given.items() if value}


def _divided(settings: Sequence[str]) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """What is set of methods, and of figures (``figures.KIND.OPTION=VALUE``) by their kind."""
    of_figures = [item for item in settings if item.lstrip().startswith(_OF_FIGURES)]
    for item in of_figures:
        if item.partition("=")[0].count(".") < _OF_AN_OPTION.count("."):
            raise UsageError(
                f"{item!r} names no option of a figure.",
                hint=f"Write {_OF_AN_OPTION}, as figures.score_table.name=mine.",
            )
    tables = parse_settings(of_figures)
    options = {name.removeprefix(_OF_FIGURES): values for name, values in tables.items()}
    return [item for item in settings if item not in of_figures], options


def _besides(own: Sequence[str], settings: Sequence[str]) -> Iterator[str]:
    """The study's own settings, but for those that the call sets otherwise."""
    given = {item.partition("=")[0].strip() for item in settings}
    yield from (item for item in own if item.partition("=")[0].strip() not in given)


def _view(host: PluginHost, campaign: Campaign) -> StudyView:
    setting = campaign.setting
    if not is_here(setting.device):  # others have trained, and what is drawn is drawn here
        setting = replace(setting, device=torch.device("cpu"), precision="float32")
    records = [(run, read_run(setting.results, run.run_id)) for run in campaign.runs]
    return StudyView(
        benchmark=campaign.benchmark,
        preset=campaign.preset,
        runs=[FinishedRun(run, r, setting) for run, r in records if r.status == "ok"],
        reported=reported_numbers(host, campaign.benchmark.name),
        runtime=setting.runtime(
            campaign.benchmark.name, setting.results / "studies" / "checkpoints"
        ),
        _setting=setting,
    )


def _show(
    figures: Sequence[tuple[str, Figure]],
    views: Sequence[StudyView],
    shared: Sequence[SharedData],
    outcome: StudyOutcome,
    stop: StopRequest,
    emit: Sink,
) -> None:
    about = _about(outcome, views)
    for kind, figure in figures:
        stop.check()
        try:
            if not views:
                raise MethodError("no run of the study ended well")
            with _unharmed(shared):
                for exhibit in figure.draw(views):
                    if not isinstance(exhibit, Exhibit):
                        raise MethodError(f"draw gave a {type(exhibit).__name__}, not an Exhibit")
                    if any(exhibit.name == shown.exhibit.name for shown in outcome.shown):
                        raise MethodError(f"the study has two exhibits named {exhibit.name!r}")
                    files = keep_exhibit(outcome.folder, exhibit, about)
                    outcome.shown.append(Shown(exhibit, files))
        except UnavailableError as error:
            outcome.missed.append(Missed(kind, text_of(error), failed=False))
        except NOT_A_FAULT:
            raise
        except BaseException as error:  # one figure must not end the others
            path = outcome.folder / f"{kind}-traceback.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, traceback_of(error).encode())
            reason = f"{words_of(error)} (traceback: {path})"
            outcome.missed.append(Missed(kind, reason, failed=True))
            emit(Message(f"The figure {kind} failed: {reason}", "warning"))


@contextmanager
def _unharmed(shared: Sequence[SharedData]) -> Iterator[None]:
    """Put right what a figure changes for the next one: data, the process, looks of drawings."""
    import matplotlib

    with kept_process_state(), matplotlib.rc_context(), ExitStack() as stack:
        for data in shared:
            stack.enter_context(data.unchanged_by("draw"))
        yield


def _about(outcome: StudyOutcome, views: Sequence[StudyView]) -> dict[str, Any]:
    study = outcome.study
    return {
        "study": study.name,
        "version": study.version,
        "source": study.source,
        "runs": {view.name: [run.run_id for run in view.runs] for view in views},
        "asked": outcome.asked,
    }


def _describe(outcome: StudyOutcome, preset: Preset, views: Sequence[StudyView]) -> None:
    told = _about(outcome, views) | {
        "preset": preset,
        "title": outcome.study.title,
        "exhibits": [
            {
                "name": shown.exhibit.name,
                "caption": shown.exhibit.caption,
                "files": [path.name for path in shown.files],
            }
            for shown in outcome.shown
        ],
        "missed": [{"figure": missed.kind, "reason": missed.reason} for missed in outcome.missed],
    }
    outcome.folder.mkdir(parents=True, exist_ok=True)
    write_atomically(outcome.folder / "study.json", json.dumps(told, indent=2).encode())
