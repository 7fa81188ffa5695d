"""What a worker process is started with."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from regene_bench.base.events import silent
from regene_bench.harness.executors.executor import Job
from regene_bench.harness.executors.messages import Orders
from regene_bench.harness.options import Options
from regene_bench.harness.ticket import Ticket
from regene_bench.plan.runs import Run
from regene_bench.runtime.stop import StopRequest

TICKET = Ticket(
    benchmark="digits",
    options=Options(results=Path("/results")),
    run_ids=("a",),
    numbers=(1,),
    total=1,
    made=datetime(2026, 1, 1, tzinfo=UTC),
)


def ticket(runs: Sequence[Run], /, *, together: bool = False) -> Ticket:
    return TICKET


def test_a_worker_heeds_signals_before_torch_is_imported() -> None:
    """It takes seconds to import, and a stop may come then: what starts a worker asks for none."""
    never = cast("Any", None)
    job = Job([], never, never, ticket, Options(), StopRequest(), silent, never, never)
    program = (
        "import pickle, sys; pickle.loads(sys.stdin.buffer.read()); "
        "import regene_bench.harness.executors.workers; print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(Orders.of(job)),
        capture_output=True,
        check=True,
    )
    assert done.stdout.split() == [b"False"]
    assert Ticket.model_validate_json(Orders.of(job).ticket) == TICKET


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked from a server on Linux")
def test_the_server_of_workers_hears_nothing_of_what_is_sent_to_the_whole_group() -> None:
    """In a fresh process: without the server nobody would hear how its workers end."""
    program = """
import signal
from multiprocessing import forkserver
from pathlib import Path

from regene_bench.harness.executors.processes import how_to_start

how_to_start()
status = Path(f"/proc/{forkserver._forkserver._forkserver_pid}/status").read_text()
blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")
print([name for name in names if not blocked >> (getattr(signal, name) - 1) & 1])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout == "[]\n"
