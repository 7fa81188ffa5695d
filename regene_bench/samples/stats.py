"""Statistics of a benchmark's real images, written for other programs and for other days."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regene_bench.base.errors import UsageError
from regene_bench.base.events import Sink, silent
from regene_bench.data.shapes import Preset, Split
from regene_bench.evaluation.moments import moments_of
from regene_bench.evaluation.reference_statistics import ReferenceStatistics, StatisticsOrigin
from regene_bench.harness.workbench import Workbench, set_up_workbench
from regene_bench.plan.metrics import check_extractor_tables
from regene_bench.plan.protocol import Benchmark, load_benchmark
from regene_bench.plan.runs import check_preset
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime.determinism import deterministic
from regene_bench.runtime.device import choose_device, choose_precision
from regene_bench.runtime.stop import StopRequest
from regene_bench.samples.against_statistics import check_extractor
from regene_bench.samples.statistics_file import write_statistics


def stats(
    benchmark: str,
    extractor: str,
    out: Path | str,
    *,
    preset: str = "",
    split: str = "",
    data: Sequence[Path | str] = (),
    device: str = "auto",
    emit: Sink = silent,
    stop: StopRequest | None = None,
) -> ReferenceStatistics:
    """Write mean and covariance of the features of a benchmark's real images.

    They are of the very images that the benchmark compares with, so that scores against the file
    equal scores against the benchmark. pytorch-fid, clean-fid, EDM and others read ``mu`` and
    ``sigma``; how they were made stands beside them, and is checked when they are read here.

    Args:
        benchmark: A benchmark's name, or the path of a protocol.
        extractor: Whose features; one with published weights.
        out: The ``.npz`` to write; one that is there is replaced.
        preset: The benchmark's default if empty. It sets the number of real images.
        split: ``train`` or ``test``; the one that the benchmark compares with if empty.
        data: Folders to look for data sets in, before the usual places.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        emit: Takes progress events.
        stop: Looked at between steps.

    Returns:
        What was written.

    Raises:
        UsageError: An unknown name or an impossible value.
        DataError: The benchmark's data are missing or damaged.
        UnavailableError: The extractor's weights are not to be had.
        ResultsError: The file cannot be written.
        Interrupted: A stop was asked for.
    """
    host = load_plugins()
    protocol = load_benchmark(host, benchmark)
    chosen_preset = check_preset(preset or protocol.default_preset)
    chosen_split = _check_split(split) if split else protocol.evaluation.reference_split
    check_extractor(host, extractor)
    check_extractor_tables(host, protocol)
    path = Path(out)
    _check_out(path)
    chosen_device = choose_device(device)
    with deterministic():
        bench = set_up_workbench(
            host,
            protocol,
            chosen_preset,
            device=chosen_device,
            precision=choose_precision("auto", chosen_device),
            folders=[Path(root) for root in data],
            task=extractor,
            stop=stop or StopRequest(),
            emit=emit,
        )
        statistics = _statistics(bench, extractor, protocol, chosen_preset, chosen_split, path)
    write_statistics(statistics, path)
    return statistics


def _statistics(
    bench: Workbench,
    extractor: str,
    protocol: Benchmark,
    preset: Preset,
    split: Split,
    path: Path,
) -> ReferenceStatistics:
    real, shape = bench.comparison.real(split), bench.data.shape
    card = bench.shelf.card(extractor)
    moments = moments_of(bench.shelf.real(extractor, real).features)
    origin = StatisticsOrigin(
        extractor=extractor,
        weights_sha256=card.weights_sha256,
        preprocess_id=card.preprocess_id,
        dtype=card.dtype,
        n=len(real),
        image_shape=(shape.channels, shape.height, shape.width),
        benchmark=protocol.name,
        protocol_version=protocol.version,
        preset=preset,
        split=split,
        dataset_fingerprint=bench.data.fingerprint,
    )
    mu, sigma = moments.mean.cpu().numpy(), moments.covariance.cpu().numpy()
    return ReferenceStatistics.checked(mu, sigma, path.name, origin)


def _check_split(name: str) -> Split:
    if name == "train":
        return "train"
    if name == "test":
        return "test"
    raise UsageError(f"There is no split {name!r}.", hint="Write train or test.")


def _check_out(path: Path) -> None:
    """Refuse a place that could not be written to, before features are computed for it."""
    if path.suffix != ".npz":
        raise UsageError(
            f"{path} does not end in .npz, by which programs know such files.",
            hint=f"Write --out {path.name}.npz.",
        )
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", hint="Make it, or give another.")
    if path.is_dir():
        raise UsageError(f"{path} is a folder.", hint="Give the path of a file.")
