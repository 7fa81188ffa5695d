"""``regene-bench stats``: mean and covariance of a benchmark's real images, for other programs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from regene_bench.base.text import say
from regene_bench.cli.options import Data, Device, complete_benchmarks


def stats(
    benchmark: Annotated[
        str,
        typer.Argument(
            help="A benchmark's name, or the path of a protocol (my.toml).",
            autocompletion=complete_benchmarks,
        ),
    ],
    extractor: Annotated[str, typer.Option(help="Whose features: inception, dinov2 …")],
    out: Annotated[Path, typer.Option(help="The .npz to write, with mu and sigma.")],
    preset: Annotated[
        str,
        typer.Option(help="quick, standard or paper: how many images. Default: the benchmark's."),
    ] = "",
    split: Annotated[
        str, typer.Option(help="train or test. Default: the one that the benchmark compares with.")
    ] = "",
    data: Data = None,
    device: Device = "auto",
) -> None:
    """Write mean and covariance of the features of a benchmark's real images.

    The images are those that the benchmark compares with. pytorch-fid, clean-fid and others read
    the file, and so does `regene-bench score --against-stats`.
    """
    from regene_bench.runtime.progress import progress_sink
    from regene_bench.runtime.stop import StopRequest, stop_on_signals
    from regene_bench.samples import stats as making

    stop = StopRequest()
    with progress_sink() as emit, stop_on_signals(stop, emit, ends_process=True):
        made = making.stats(
            benchmark,
            extractor,
            out,
            preset=preset,
            split=split,
            data=tuple(data or ()),
            device=device,
            emit=emit,
            stop=stop,
        )
    say(
        f"Written to {out}: {made.dimension} features of {made.n} images ({made.short_hash}). "
        "To score against it:\n  regene-bench score SAMPLES --against-stats "
        f"{shlex.quote(str(out))} --extractor {shlex.quote(extractor)}"
    )
