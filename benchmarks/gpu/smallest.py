"""All first-party methods at their smallest, measured by all first-party metrics, on the device.

Usage: ``python benchmarks/gpu/smallest.py --folder FOLDER [--device cuda] [--small]``

On the digits of scikit-learn, by a whole call: what fails is a fault to mend. What lacks weights or
a library is unavailable, and no fault.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

from common import arguments, row

from regene_bench.api import ImageShape
from regene_bench.base.errors import Interrupted
from regene_bench.base.events import Event, RunFinished
from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import make_options
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plugins.entries import OWN_DISTRIBUTION
from regene_bench.plugins.host import load_plugins

_DIGITS = ImageShape(1, 8, 8, 10)
# what it draws from was trained elsewhere
_NOT_TRAINED_HERE = "pipeline"


def main() -> None:
    given = arguments(__doc__, "--folder")
    folder = Path(given.folder)
    shutil.rmtree(folder, ignore_errors=True)
    host = load_plugins()
    own = {
        kind: [e for e in host.entries(kind) if e.distribution == OWN_DISTRIBUTION]
        for kind in ("method", "metric")
    }
    methods = [entry for entry in own["method"] if entry.name != _NOT_TRAINED_HERE]
    metrics = [entry.name for entry in own["metric"]]
    if given.small:
        methods = [entry for entry in methods if entry.name in ("real", "cgan")]
        metrics = ["reconstruction"]
    options = make_options(
        methods=[entry.name for entry in methods],
        settings={entry.name: entry.load().smoke(_DIGITS) for entry in methods},
        metrics=metrics,
        results=folder,
        device=given.device,
        captured=given.device != "cpu",
        time_limit=120,
    )

    def tell(event: Event) -> None:
        # at once: the section may end before all are done
        if isinstance(event, RunFinished):
            tell_of(read_run(folder, event.run_id))

    try:
        run_campaign("digits", options, tell)
    except Interrupted as stop:
        row("smallest", "the rest", f"not done: {stop}")


def tell_of(record: RunRecord) -> None:
    """Print what became of a run, and of scores that failed."""
    states = Counter(score.status for score in record.scores)
    told = ", ".join(f"{n} {state}" for state, n in sorted(states.items()))
    how = record.packages.get("training", "as ever")
    row("smallest", record.method, f"{record.status}, {how}; scores: {told}. {record.why}")
    for score in record.scores:
        if score.status == "failed":
            row("smallest", f"{record.method}, {score.metric}", score.error_message)


if __name__ == "__main__":
    main()
