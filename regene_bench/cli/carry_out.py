"""``regene-bench carry-out``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.errors import EXIT_ALL_FAILED, EXIT_OK, EXIT_SOME_FAILED, Interrupted
from regene_bench.base.text import say
from regene_bench.cli.stoppable import stoppable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regene_bench.leaderboard.record import RunRecord


def carry_out(
    ticket: Annotated[Path, typer.Argument(help="A JSON file that an executor has written.")],
) -> None:
    """Carry out the runs of a ticket, as an executor hands them to other machines.

    Finished runs are read, and one that was interrupted goes on: the same command may be called
    again and again. Results go to the folder that the ticket names.
    """
    from regene_bench.harness.carry_out_ticket import carry_out_ticket
    from regene_bench.harness.ticket import read_ticket

    read = read_ticket(ticket)
    with stoppable(None) as (emit, stop):
        outcome = carry_out_ticket(read, emit, stop)
        for record in outcome.records:
            say(f"{record.run_id}  {record.status}  {record.method} · seed {record.seed}")
        if outcome.stopped is not None:
            raise Interrupted(outcome.stopped)
    raise typer.Exit(_exit_code(outcome.records))


def _exit_code(records: Sequence[RunRecord]) -> int:
    failed = [record for record in records if record.status == "failed"]
    if len(failed) == len(records):
        return EXIT_ALL_FAILED
    metrics = any(score.status == "failed" for record in records for score in record.scores)
    return EXIT_SOME_FAILED if failed or metrics else EXIT_OK
