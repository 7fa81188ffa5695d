"""One tiny run, trained on the CPU, generated and measured there and on the device: equal scores?

Usage: ``python benchmarks/gpu/agreement.py --folder FOLDER [--device cuda]``

Draws of a training on a GPU are others than those on a CPU, so that trainings do not compare. The
same weights do: the device is given the run's checkpoints. Features are float32 on both; a few
pixels of generated images may be rounded the other way.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from common import arguments, row

from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import make_options
from regene_bench.harness.run_folders import checkpoint_folder
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.record import RunRecord

_TOLERANCE = 2e-2
_SETTINGS = {"cvae": {"images": 6400}}


def run_on(device: str, results: Path) -> RunRecord:
    """Carry the run out, or go on from its checkpoints."""
    options = make_options(
        methods="cvae",
        settings=_SETTINGS,
        results=results,
        device=device,
        precision="float32",
        metrics="fd_efficientnet_lite0,reconstruction,elbo",
    )
    outcome = run_campaign("digits", options, lambda event: None)
    (run_id,) = [*outcome.kept, *(record.run_id for record in outcome.ran)]
    return read_run(results, run_id)


def main() -> None:
    given = arguments(__doc__, "--folder")
    folder = Path(given.folder)
    shutil.rmtree(folder, ignore_errors=True)
    here = run_on("cpu", folder / "cpu")
    theirs = folder / "device"
    weights = checkpoint_folder(theirs, here.run_id)
    shutil.copytree(checkpoint_folder(folder / "cpu", here.run_id), weights)
    there = run_on(given.device, theirs)
    row("agreement", "device of both", f"{here.device}, {there.gpu_name or there.device}")
    found = {score.metric: score.value for score in there.scores if score.class_name is None}
    for score in here.scores:
        other = found.get(score.metric)
        if score.class_name is None and score.value is not None:
            if other is None:
                row("agreement", score.metric, f"DIFFER: {score.value:.6g} and none")
                continue
            apart = abs(other - score.value) / max(1e-6, abs(score.value))
            verdict = "agree" if apart <= _TOLERANCE else "DIFFER"
            row("agreement", score.metric, f"{verdict}: {score.value:.6g} and {other:.6g}")


if __name__ == "__main__":
    main()
