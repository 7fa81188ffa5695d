"""Run a protocol on the pretended device, in a process of its own: ``PROTOCOL RESULTS METHODS``.

Prints what became of the runs, as JSON. Trainings take four steps a stage.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from regene_bench.testing.device import pretended

# before anything else of ours is imported
PRETENDED = pretended.install()

from regene_bench.harness.campaign import run_campaign  # noqa: E402
from regene_bench.harness.options import Options  # noqa: E402
from regene_bench.runtime import device  # noqa: E402
from regene_bench.testing.device.looks import few_steps  # noqa: E402


def main(protocol: str, results: str, methods: str) -> None:
    # as a GPU would be found: --device auto takes what is there
    device._ACCELERATORS += (pretended.NAME,)  # type: ignore[assignment]
    options = Options(methods=methods, seeds="2", results=Path(results), executor="stacked")
    with few_steps(4):
        outcome = run_campaign(protocol, options, emit=lambda event: None)
    for record in outcome.ran:
        broken = {s.metric: s.error_message for s in record.scores if s.status == "failed"}
        measured = sorted({s.metric for s in record.scores if s.status == "ok"})
        told = [record.method, record.device, record.status, record.error_message, broken, measured]
        print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
