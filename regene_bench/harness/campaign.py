"""A whole call: benchmark and selections in, leaderboard parts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from regene_bench.base.errors import (
    EXIT_ALL_FAILED,
    EXIT_OK,
    EXIT_SOME_FAILED,
    PluginError,
    ResultsError,
    UsageError,
)
from regene_bench.base.events import Message, Progress, Sink, silent
from regene_bench.data.shapes import Preset
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.evaluation.metric import NamedMetric
from regene_bench.harness.answers import answers
from regene_bench.harness.executors.executor import Job, is_elsewhere
from regene_bench.harness.finished import is_available, unmeasured
from regene_bench.harness.force import Repetition
from regene_bench.harness.migration import migrate
from regene_bench.harness.options import Options
from regene_bench.harness.prepare import Campaign, prepare
from regene_bench.harness.run import Setting
from regene_bench.harness.supervisor import RunSupervisor
from regene_bench.harness.ticket import Ticket, make_ticket
from regene_bench.leaderboard.parts import read_own_part, read_parts, run_states
from regene_bench.leaderboard.places import part_files
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan.protocol import Benchmark
from regene_bench.plan.runs import Run
from regene_bench.runtime.shared_weights import FOLDER as SHARED
from regene_bench.runtime.shared_weights import chosen_weights
from regene_bench.runtime.stop import StopRequest
from regene_bench.stores.opening import mirror_of
from regene_bench.stores.shared_runs import SharedRuns
from regene_bench.stores.store import check_conditions


@dataclass
class Outcome:
    """What a call did.

    Attributes:
        benchmark: The protocol that was run.
        preset: The preset that was used.
        ran: Records of the runs of this call.
        kept: Ids of runs that were finished before.
    """

    benchmark: Benchmark
    preset: Preset
    ran: list[RunRecord] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0, or 3 if some runs or metrics failed, or 4 if all runs of this call failed."""
        failed = [record for record in self.ran if record.status == "failed"]
        if self.ran and len(failed) == len(self.ran) and not self.kept:
            return EXIT_ALL_FAILED
        metrics = any(score.status == "failed" for record in self.ran for score in record.scores)
        return EXIT_SOME_FAILED if failed or metrics else EXIT_OK


def run_campaign(
    benchmark_name: str,
    options: Options,
    emit: Sink = silent,
    stop: StopRequest | None = None,
) -> Outcome:
    """Run a benchmark: prepare it, then carry out what is missing.

    Args:
        benchmark_name: A registered benchmark, or the path of a protocol (``my.toml``).
        options: What the user asked for.
        emit: Takes progress events.
        stop: Looked at between steps; by default one that knows the time limit of the options.

    Returns:
        What ran, and what had been finished before. A run that failed is in it with its reason.

    Raises:
        RegeneBenchError: Bad usage, configuration or data; nothing ran.
        Interrupted: A stop was asked for; calling again goes on where this call ended.
    """
    stop = stop or StopRequest(options.time_limit)
    campaign = prepare(benchmark_name, options, emit, stop, decode_again=options.force)
    for told in campaign.host.unheard():
        emit(Message(told, "warning"))
    mirror = mirror_of(campaign.setting.results)
    if mirror is None:
        _bring_up_to_date(campaign.setting.results, emit, stop)
    elif is_elsewhere(campaign.executor):
        raise UsageError(
            f"The executor {options.executor!r} sends runs to machines that may not see the mirror "
            "of a store.",
            hint="Call the same command on each machine, with the store and without the executor: "
            "they share the runs. Or give a folder that all of them see.",
        )
    else:
        check_conditions(mirror.store)
    return carry_out(campaign)


def _bring_up_to_date(results: Path, emit: Sink, stop: StopRequest) -> None:
    """Have no files of older versions beside the new ones, which other readers stumble over."""
    for benchmark in sorted({path.parent.name for path in part_files(results)}):

        def between(
            done: int, of: int, task: str = f"{benchmark}: files of older versions"
        ) -> None:
            stop.check()
            emit(Progress(task, done, of, "files", {}))

        try:
            done = migrate(results, benchmark, between)
        except ResultsError as error:  # the runs can be carried out all the same
            emit(Message(f"files of older versions stay as they are: {error.message}", "warning"))
            continue
        if done.rewritten:
            emit(Message(f"{benchmark}: {done.rewritten} files of older versions written anew"))


def carry_out(campaign: Campaign) -> Outcome:
    """Train, generate and measure what is missing, and tell observers when all is done.

    Raises:
        Interrupted: A stop was asked for; calling again goes on where this call ended.
    """
    outcome = carry_out_runs(campaign)
    campaign.host.notify("campaign_finished", results=str(campaign.setting.results))
    return outcome


def carry_out_runs(campaign: Campaign, ticket: Ticket | None = None) -> Outcome:
    """Train, generate and measure what is missing; every finished run is on disk before the next.

    Args:
        campaign: The call.
        ticket: Whose runs these are, if the call is somebody else's: it knows their places in that.

    Raises:
        Interrupted: A stop was asked for; calling again goes on where this call ended.
    """
    setting, force = campaign.setting, campaign.options.force
    run_ids = [run.run_id for run in campaign.runs]
    # what a ticket's call repeats it has noted itself
    repetition = Repetition(setting.results, run_ids) if force and ticket is None else None
    missing = (
        _left_of_repetition(campaign, ticket.made)
        if force and ticket is not None
        else _missing(campaign, repetition)
    )
    pending = [run for run in campaign.runs if missing[run.run_id]]
    outcome = Outcome(
        campaign.benchmark, campaign.preset, kept=[i for i, names in missing.items() if not names]
    )
    if not pending:
        return outcome
    if not is_elsewhere(campaign.executor):
        had = chosen_weights(setting.results)
        with _judged_alike(setting, campaign.benchmark.name):
            _warm(setting.shelf, setting.metrics, setting.comparison)
        # where workers train
        setting.shelf.leave_other_devices()
        if chosen_weights(setting.results) != had:
            _warn_of_other_judges(campaign)
    if repetition is not None:
        repetition.begin(pending)
    supervisor = _supervisor(campaign, pending, missing, ticket)
    job = job_of(campaign, pending, supervisor)
    name = f"The executor {campaign.options.executor!r}"
    for record in answers(campaign.executor, name, job, supervisor.kept_of, supervisor.give_up):
        outcome.ran.append(record)
        if repetition is not None:
            repetition.done(record.run_id)
    return outcome


def _missing(campaign: Campaign, repetition: Repetition | None) -> dict[str, Sequence[NamedMetric]]:
    """What is to be measured, by run id; nothing of a run that is finished or was repeated."""
    setting = campaign.setting
    if repetition is None:
        states = run_states(setting.results, campaign.benchmark.name)
        return {
            run.run_id: unmeasured(states.get(run.run_id), setting.metrics, setting.shelf)
            for run in campaign.runs
        }
    if repetition.goes_on:
        left, total = len(repetition.left), len(campaign.runs)
        setting.emit(Message(f"going on to repeat {left} of {total} runs"))
    return {
        run.run_id: setting.metrics if run.run_id in repetition.left else []
        for run in campaign.runs
    }


def _left_of_repetition(campaign: Campaign, begun: datetime) -> dict[str, Sequence[NamedMetric]]:
    """What is to be measured of runs that are repeated: all, where none has ended well since."""
    setting, benchmark = campaign.setting, campaign.benchmark.name
    left: dict[str, Sequence[NamedMetric]] = {}
    for run in campaign.runs:
        part = read_own_part(setting.results, benchmark, run.run_id)
        is_done = part is not None and part.status == "ok" and part.timestamp > begun
        left[run.run_id] = [] if is_done else setting.metrics
    return left


def _warm(shelf: FeatureCache, metrics: Sequence[NamedMetric], comparison: Comparison) -> None:
    """Prepare extractors and real features before the first run, which would pay for all else."""
    for named in metrics:
        for name in named.lookups:
            if is_available(shelf, name) and named.metric.compares_features:
                # one that fails is told of in the rows of the metrics that need it
                with suppress(PluginError):
                    shelf.real(name, comparison.real(named.metric.reference))


def _warn_of_other_judges(campaign: Campaign) -> None:
    """Say that rows of this folder were judged by other weights than those that judge from now."""
    rows, _ = read_parts(
        campaign.setting.results,
        benchmark=campaign.benchmark.name,
        columns=["extractor_id", "weights_sha256"],
    )
    for name, digest in campaign.setting.shelf.trained().items():
        judged = rows.filter(pc.equal(rows["extractor_id"].cast(pa.string()), name))
        others = set(judged["weights_sha256"].unique().to_pylist()) - {digest, None}
        if others:
            told = ", ".join(sorted(other[:8] for other in others))
            campaign.setting.emit(
                Message(
                    f"Rows of this folder were judged by other weights of {name!r} ({told}) than "
                    f"those that judge from now on ({digest[:8]}): they are not ranked together.\n"
                    "Where those rows were made the others may be in the cache: to go on with "
                    f"them, remove `{SHARED}` in the results folder, and call there first.",
                    "warning",
                )
            )


def _judged_alike(setting: Setting, benchmark: str) -> AbstractContextManager[None]:
    """On a store, let one machine at a time prepare what runs are judged by."""
    mirror = mirror_of(setting.results)
    if mirror is None:
        return nullcontext()
    runs = SharedRuns(mirror, setting.stop, setting.emit, setting.checkpoint_seconds)
    return runs.judges(benchmark)


def _supervisor(
    campaign: Campaign,
    runs: Sequence[Run],
    missing: Mapping[str, Sequence[NamedMetric]],
    ticket: Ticket | None,
) -> RunSupervisor:
    numbers = {run.run_id: number for number, run in enumerate(runs, 1)}
    total = len(runs)
    if ticket is not None:
        numbers = dict(zip(ticket.run_ids, ticket.numbers, strict=True))
        total = ticket.total
    return RunSupervisor(
        campaign.host,
        campaign.setting,
        runs,
        missing,
        numbers=numbers,
        total=total,
        anew=campaign.options.force,
    )


def job_of(campaign: Campaign, runs: Sequence[Run], supervisor: RunSupervisor) -> Job:
    """Write down runs for an executor.

    Args:
        campaign: The call.
        runs: Those of its runs that are to be carried out.
        supervisor: Carries them out in this process.
    """
    return Job(
        runs=runs,
        execute=supervisor.carry_out_one,
        execute_together=supervisor.carry_out,
        ticket=partial(make_ticket, campaign, supervisor.numbers),
        options=campaign.options,
        stop=campaign.setting.stop,
        emit=campaign.setting.emit,
        fail=supervisor.fail,
        kept=supervisor.kept_of,
        claim=supervisor.claim,
    )
