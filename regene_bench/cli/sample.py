"""``regene-bench sample``: more images of a trained model."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from regene_bench.base.text import say
from regene_bench.cli.options import Data, Device, Results


def sample(
    model: Annotated[
        str,
        typer.Argument(
            help="A run's id or the beginning of it, its method if it has one run, a folder of an "
            "exported model, or hf://USER/NAME."
        ),
    ],
    out: Annotated[
        Path,
        typer.Argument(help="Where to write: a folder, or a file .npz, .parquet or .zip."),
    ],
    n: Annotated[
        int | None,
        typer.Option("--n", min=1, help="How many images. Default: as many as the run drew."),
    ] = None,
    classes: Annotated[
        str, typer.Option("--class", help="Of these classes only: names or numbers, frog,3.")
    ] = "",
    seed: Annotated[
        int | None,
        typer.Option(help="Of the samples. Default: the run's own, which gives its own images."),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            help="folder (a folder a class), npz (arr_0, arr_1, as ADM), parquet (as on the Hub), "
            "zip (as StyleGAN). Default: by the ending of OUT."
        ),
    ] = "",
    results: Results = Path("results"),
    data: Data = None,
    device: Device = "auto",
) -> None:
    """Draw images of a trained model, exactly reproducible, and write them."""
    from regene_bench.models.load import load
    from regene_bench.models.sample import check_free, form_of, write_samples
    from regene_bench.plugins.host import load_plugins
    from regene_bench.runtime.progress import progress_sink
    from regene_bench.runtime.stop import StopRequest, stop_on_signals

    form_of(out, form)
    check_free(out)
    stop = StopRequest()
    with progress_sink() as emit, stop_on_signals(stop, emit):
        loaded = load(model, results=results, data=data or (), device=device, emit=emit, stop=stop)
        drawn = write_samples(
            loaded,
            out,
            form=form,
            n=n,
            classes=[word.strip() for word in classes.split(",") if word.strip()],
            seed=seed,
            emit=emit,
            stop=stop,
        )
    what = loaded.description
    say(f"{drawn.n} images of {what.method} (run {what.run_id}) are in {drawn.path}.")
    against, which = what.protocol.name, ""
    if against not in load_plugins().shown_names("benchmark"):
        # of a protocol's own file, whose place nobody knows here
        against, which = "PROTOCOL", f" (PROTOCOL is the file of {against!r})"
    command = ["regene-bench", "score", str(out), "--against", against]
    command += [] if what.preset == what.protocol.default_preset else ["--preset", what.preset]
    say(f"To score them{which}:\n  {shlex.join(command)}", file=sys.stderr)
