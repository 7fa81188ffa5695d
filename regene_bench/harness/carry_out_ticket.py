"""What the holder of a ticket does: prepare the same call again, and carry out its runs.

Executors hand tickets to processes that call this, on this machine or on another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from regene_bench.base.errors import ConfigError, Interrupted, ResultsError
from regene_bench.base.events import Sink, silent
from regene_bench.harness.campaign import carry_out_runs
from regene_bench.harness.executors.executor import serial, stacked
from regene_bench.harness.prepare import Campaign, prepare
from regene_bench.harness.ticket import Ticket
from regene_bench.leaderboard.parts import read_own_part
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan.runs import Run
from regene_bench.runtime.shared_weights import chosen_weights
from regene_bench.runtime.stop import StopRequest


@dataclass(frozen=True)
class TicketOutcome:
    """What came of a ticket.

    Attributes:
        records: Of all runs, in the ticket's order; after a stop, of those that had ended before,
            and of none where runs train as one (their parts are kept all the same).
        stopped: Why it was stopped before the last one, or ``None``.
    """

    records: tuple[RunRecord, ...]
    stopped: str | None = None


@dataclass(frozen=True)
class OpenTicket:
    """A ticket whose call is prepared: data are read, names are found.

    Attributes:
        ticket: It.
        campaign: The call, with the ticket's runs alone.
    """

    ticket: Ticket
    campaign: Campaign

    def carry_out(self, run_ids: Sequence[str]) -> Iterator[RunRecord]:
        """Carry out some of the runs, and yield the record of each, in this order.

        A run that is finished is not repeated: its record is read. With ``stacked`` the runs that
        can be are trained together.

        Args:
            run_ids: Some of the ticket's.

        Raises:
            Interrupted: A stop was asked for; the training is saved.
            ResultsError: A part cannot be written or read.
        """
        runs = {run.run_id: run for run in self.campaign.runs}
        alone = replace(self.campaign, runs=[runs[run_id] for run_id in run_ids])
        outcome = carry_out_runs(alone, self.ticket)
        ran = {record.run_id: record for record in outcome.ran}
        for run_id in run_ids:
            yield ran.get(run_id) or self._finished(runs[run_id])

    def carry_out_one(self, run_id: str) -> RunRecord:
        """Carry out one run of the ticket, or read its record; raises as ``carry_out``."""
        (record,) = self.carry_out([run_id])
        return record

    def _finished(self, run: Run) -> RunRecord:
        results = self.campaign.setting.results
        record = read_own_part(results, run.benchmark.name, run.run_id)
        if record is None:
            raise ResultsError(
                f"The run {run.run_id} was finished, and its part is gone from {results}.",
                hint="Call again: what is missing is carried out.",
            )
        return record


def open_ticket(ticket: Ticket, emit: Sink = silent, stop: StopRequest | None = None) -> OpenTicket:
    """Prepare the call of a ticket again, here.

    Args:
        ticket: It.
        emit: Takes progress events of this process.
        stop: Looked at between steps.

    Raises:
        ConfigError: What is installed here makes other runs of the same options.
        RegeneBenchError: Bad usage, configuration or data.
        Interrupted: A stop was asked for.
    """
    _check_judges(ticket)
    campaign = prepare(ticket.benchmark, ticket.options, emit, stop or StopRequest())
    runs = {run.run_id: run for run in campaign.runs}
    if strangers := [run_id for run_id in ticket.run_ids if run_id not in runs]:
        raise ConfigError(
            f"The ticket's run {strangers[0]} is none of those that its options make here.",
            hint="Plugins, protocol, data or files of methods differ from where the ticket was "
            "written: `regene-bench doctor` prints what is installed, there and here.",
        )
    executor = stacked if ticket.options.executor == "stacked" else serial
    chosen = [runs[run_id] for run_id in ticket.run_ids]
    return OpenTicket(ticket, replace(campaign, runs=chosen, executor=executor))


def _check_judges(ticket: Ticket) -> None:
    """Refuse a results folder where others judge, before anything is computed."""
    here = chosen_weights(ticket.options.results)
    for recipe, digest in ticket.judges.items():
        if here.get(recipe) != digest:
            found = here.get(recipe, "none")
            raise ConfigError(
                f"Other weights of {recipe} judge here ({found[:8]}) than where the ticket was "
                f"written ({digest[:8]}): scores could not be ranked together.",
                hint=f"{ticket.options.results} has to be the same folder here as there.",
            )


def carry_out_ticket(
    ticket: Ticket, emit: Sink = silent, stop: StopRequest | None = None
) -> TicketOutcome:
    """Carry out a ticket: train, generate, measure, and write the parts of its runs.

    A ticket may be carried out again and again: finished runs are read, one that was interrupted
    goes on from its checkpoint.

    Args:
        ticket: It.
        emit: Takes progress events.
        stop: Looked at between steps; what stops a process elsewhere has to call its ``ask``.

    Returns:
        One record for each run; after a stop those that ``TicketOutcome`` tells.

    Raises:
        RegeneBenchError: Bad usage, configuration or data; nothing ran.
    """
    records: list[RunRecord] = []
    try:
        opened = open_ticket(ticket, emit, stop)
        if ticket.options.executor == "stacked":
            records += opened.carry_out(ticket.run_ids)
        else:
            records += map(opened.carry_out_one, ticket.run_ids)
    except Interrupted as stopped:
        return TicketOutcome(tuple(records), stopped.reason)
    return TicketOutcome(tuple(records))
