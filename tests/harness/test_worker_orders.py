"""What a worker process is started with."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any, cast

from regene_bench.base.events import silent
from regene_bench.harness.campaign import reopen
from regene_bench.harness.executors.executor import Job
from regene_bench.harness.executors.messages import Orders
from regene_bench.harness.options import Options
from regene_bench.runtime.stop import StopRequest


def test_a_worker_heeds_signals_before_torch_is_imported() -> None:
    """It takes seconds to import, and a stop may come then: what starts a worker asks for none."""
    never = cast("Any", None)
    job = Job([], never, never, "digits", Options(), StopRequest(), silent, reopen, never)
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
    assert pickle.loads(Orders.of(job).reopen) is reopen
