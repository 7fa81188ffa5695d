"""``regene-bench parity``: a run's scores by somebody else's code."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.errors import ResultsError, UsageError
from regene_bench.base.text import say
from regene_bench.cli.options import Data, Device, Results

if TYPE_CHECKING:
    from regene_bench.base.events import Sink
    from regene_bench.runtime.stop import StopRequest
    from regene_bench.samples.parity.recompute import Line


def parity(
    run: Annotated[
        str, typer.Argument(help="A run's id or its beginning, or its method if that has one run.")
    ],
    results: Results = Path("results"),
    data: Data = None,
    device: Device = "auto",
) -> None:
    """Draw a run's own images again, and compute its scores with other libraries.

    FID, KID, inception score, precision, recall, density and coverage, by clean-fid, pytorch-fid,
    torch-fidelity, torchmetrics and prdc where they are installed. On Inception, clean-fid resizes
    and embeds the images itself. Exit code 0: all agree; 3: some do not.
    """
    from regene_bench.runtime.progress import progress_sink
    from regene_bench.runtime.stop import StopRequest, stop_on_signals
    from regene_bench.samples.parity.table import exit_code_of, table_of

    stop = StopRequest()
    with progress_sink() as emit, stop_on_signals(stop, emit):
        lines = lines_of(run, results, tuple(data or ()), device, emit, stop)
    say(table_of(lines))
    raise typer.Exit(exit_code_of(lines))


def lines_of(
    run: str, results: Path, folders: tuple[Path, ...], device: str, emit: Sink, stop: StopRequest
) -> list[Line]:
    from regene_bench.harness.workbench import set_up_workbench
    from regene_bench.leaderboard.record import EXTERNAL
    from regene_bench.models.find import find_record
    from regene_bench.models.load import load
    from regene_bench.models.sample import draw
    from regene_bench.plugins.host import load_plugins
    from regene_bench.runtime.determinism import deterministic
    from regene_bench.runtime.shared_weights import copy_weights
    from regene_bench.samples.collection import Samples
    from regene_bench.samples.measuring import evaluation_of
    from regene_bench.samples.parity.recompute import recompute

    record = find_record(run, results)
    if record.distribution == EXTERNAL:
        raise UsageError(
            f"{record.run_id} is of images that another program made, and results keep no images.",
            hint="Give the images: `regene-bench score IMAGES --against NAME --parity`.",
        )
    model = load(record.run_id, results=results, data=folders, device=device, emit=emit, stop=stop)
    drawn = draw(model, emit=emit, stop=stop)
    host, description = load_plugins(), model.description
    with deterministic(), tempfile.TemporaryDirectory() as name:
        # what judged the row, in a folder of its own: the results are only read
        judges = {score.weights_sha256 for score in record.scores}
        judged_by = Path(name) if copy_weights([results], Path(name), judges) else None
        bench = set_up_workbench(
            host,
            description.benchmark,
            description.preset,
            device=model.device,
            precision=description.precision,
            folders=folders,
            task=record.run_id,
            stop=stop,
            emit=emit,
            results=judged_by,
        )
        if bench.data.fingerprint != record.dataset_fingerprint:
            raise ResultsError(
                f"The data set {bench.data.name} that is here has other images than the run's.",
                hint="Name the folder of the right data (--data).",
            )
        images = drawn.pixels.transpose(0, 3, 1, 2).copy()
        labels = drawn.wanted.numpy() if drawn.labelled else None
        evaluation = evaluation_of(Samples(images, labels, record.run_id), bench)
        return list(recompute(record.scores, evaluation, host))
