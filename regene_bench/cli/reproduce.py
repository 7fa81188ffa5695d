"""``regene-bench reproduce``: does a published row come out again?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.errors import (
    EXIT_ALL_FAILED,
    EXIT_OK,
    EXIT_SOME_FAILED,
    PluginError,
    UsageError,
)
from regene_bench.base.text import aligned, printable, say
from regene_bench.cli.options import Data, Device, no_store, results_here
from regene_bench.cli.stoppable import stoppable
from regene_bench.plugins.entries import OWN_DISTRIBUTION
from regene_bench.plugins.method_files import FILE_PREFIX, names_a_file
from regene_bench.samples.reproduction import (
    benchmark_as_typed,
    method_and_settings,
    repetition_of,
)

if TYPE_CHECKING:
    from regene_bench.evaluation.metric import Metric
    from regene_bench.harness.campaign import Outcome
    from regene_bench.harness.options import Options
    from regene_bench.leaderboard.agreement import ScoreComparison
    from regene_bench.leaderboard.record import RunRecord, ScoreRow
    from regene_bench.plugins.host import PluginHost

_WORDS = {"equal": "equal", "within": "within tolerance", "off": "off", "missing": "not measured"}
# what enters a run's identity; where one of them differs, another run was made
_IDENTITY = ("protocol_version", "dataset_fingerprint", "method_version", "params")


def reproduce(
    run: Annotated[str, typer.Argument(help="A run's id, or the beginning of it.")],
    results: Annotated[
        Path, typer.Option(help="Where the published row is: a results folder or a Parquet file.")
    ] = Path("results"),
    into: Annotated[
        Path | None,
        typer.Option(
            help="Fresh results folder. Default: reproduced/RUN.",
            show_default=False,
            callback=no_store,
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, help="Relative difference up to which scores agree.")
    ] = 1e-3,
    metrics: Annotated[
        str, typer.Option(help="Metrics, with options. Default: those of the published row.")
    ] = "",
    data: Data = None,
    device: Device = "auto",
) -> None:
    """Make a run again from its own parameters and compare its scores.

    Called again after an interruption it goes on. Exit code 0: all scores agree; 3: some do not;
    4: the run failed.
    """
    from regene_bench.leaderboard.agreement import compare_scores
    from regene_bench.leaderboard.merge import read_source
    from regene_bench.leaderboard.parts import find_run
    from regene_bench.plugins.host import load_plugins

    results = results_here(results)
    published = find_run(read_source(results).table, run, results)
    folder = into or Path("reproduced") / published.run_id
    host = load_plugins()
    options = options_of(published, host, folder, metrics, tuple(data or ()), device)
    take_judges(published, results, folder)

    from regene_bench.harness.campaign import run_campaign

    with stoppable(None) as (emit, stop):
        outcome = run_campaign(benchmark_as_typed(published, host), options, emit, stop)
    repeated = _of_the_seed(folder, outcome, published.seed)
    for line in _differences(published, repeated):
        say(line)
    if repeated.status == "failed":
        say(printable(f"The run failed: {repeated.error_type}: {repeated.error_message}"))
        raise typer.Exit(EXIT_ALL_FAILED)
    found = compare_scores(published.scores, repeated.scores, tolerance)
    say(aligned([_row(one) for one in found], ("score", "published", "now", "verdict")))
    counts = {word: sum(one.verdict == key for one in found) for key, word in _WORDS.items()}
    say("\n" + ", ".join(f"{count} {word}" for word, count in counts.items() if count) + ".")
    agree = all(one.verdict in ("equal", "within") for one in found)
    raise typer.Exit(EXIT_OK if agree else EXIT_SOME_FAILED)


def take_judges(published: RunRecord, results: Path, folder: Path) -> None:
    """Have a run be judged by the weights that judged its row, if they lie beside the row.

    Args:
        published: The row.
        results: A results folder, or a Parquet file in one or in a site's downloads.
        folder: Where the run is made again.

    Raises:
        UsageError: Other weights judge there already.
        ResultsError: The weights cannot be read or written.
    """
    from regene_bench.runtime.shared_weights import chosen_weights, copy_weights

    places = [results] if results.is_dir() else list(results.absolute().parents[:3])
    judges = {score.weights_sha256 for score in published.scores}
    copied = copy_weights(places, folder, judges)
    chosen = chosen_weights(folder)
    for recipe, digests in copied.items():
        if chosen[recipe] not in digests:
            raise UsageError(
                f"In {folder} other weights judge ({chosen[recipe][:8]} of {recipe}) than have "
                f"judged {published.run_id} ({min(digests)[:8]}).",
                hint="Give a new folder (--into).",
            )


def options_of(
    record: RunRecord,
    host: PluginHost,
    folder: Path,
    metrics: str,
    data: tuple[Path, ...],
    device: str,
) -> Options:
    """Write a run's own parameters as the options of a call.

    Raises:
        UsageError: The run is of samples that another program made, or of a method in a file.
    """
    from regene_bench.harness.options import Options
    from regene_bench.leaderboard.record import EXTERNAL
    from regene_bench.runtime.provenance import was_fast

    if record.distribution == EXTERNAL:
        raise UsageError(
            f"{record.run_id} is of images that another program made; it cannot be trained here.",
            hint="Score the images again with `regene-bench score`.",
        )
    if record.distribution.startswith(FILE_PREFIX) or names_a_file(record.method):
        raise UsageError(
            f"{record.run_id} is of {record.method!r} in a file ({record.distribution}), and "
            "results name no file to execute.",
            hint=f"With the file, call {repetition_of(record, host)} and compare; the same file "
            "gives the same run id.",
        )
    method, settings = method_and_settings(record, host)
    # sums are taken in another order where runs train as one, whoever they are: one more will do
    seeds = (record.seed, record.seed + 1) if record.trained_together else (record.seed,)
    return Options(
        methods=method,
        seeds="".join(f"{seed}," for seed in seeds),
        executor="stacked" if record.trained_together else "serial",
        preset=record.preset,
        metrics=metrics or ",".join(_metrics_of(record, host)),
        settings=settings,
        results=folder,
        data=data,
        device=device,
        fast=was_fast(record.packages),
    )


def _metrics_of(record: RunRecord, host: PluginHost) -> list[str]:
    """The protocol's metrics, and others that give the published numbers, with their options."""
    from regene_bench.plan.metrics import choose_metrics
    from regene_bench.plan.protocol import load_benchmark
    from regene_bench.plan.spelling import spelt_metrics

    benchmark = load_benchmark(host, record.benchmark, home=OWN_DISTRIBUTION)
    names = spelt_metrics(host, benchmark.evaluation.metrics, benchmark.distribution)
    protocols = [named.metric for named in choose_metrics(host, benchmark)]
    split = benchmark.evaluation.reference_split
    for name in host.shown_names("metric"):
        try:
            kind: type[Metric] = host.find("metric", name).load()
        except PluginError:  # somebody else's metric, which cannot be used
            continue
        columns = {column.name for column in kind.columns}
        for score in record.scores:
            if score.value is None or score.metric not in columns or not _can_repeat(score, host):
                continue
            if not any(_gives(metric, score, split) for metric in protocols):
                names.append(name + _options_of(kind, score, host))
    return list(dict.fromkeys(names))


def _gives(metric: Metric, score: ScoreRow, split: str) -> bool:
    """Tell whether a metric measures a score under the score's own convention.

    Args:
        metric: It, with its options.
        score: A published number.
        split: What the protocol compares with where the metric's options name no split.
    """
    if score.metric not in {column.name for column in metric.columns}:
        return False
    if score.extractor_id not in {None, *metric.extractors}:
        return False
    if "reference" not in type(metric.config).model_fields:
        return True
    return score.reference_split in (None, metric.reference or split)


def _can_repeat(score: ScoreRow, host: PluginHost) -> bool:
    """Tell whether the extractor is installed; a score without it is reported as missing."""
    if score.extractor_id is None:
        return True
    try:
        host.find("feature_extractor", score.extractor_id, home=OWN_DISTRIBUTION)
    except (UsageError, PluginError):
        return False
    return True


def _options_of(kind: type[Metric], score: ScoreRow, host: PluginHost) -> str:
    """Write the options of a metric that a score tells of: the extractor and the split."""
    options = {"extractor": score.extractor_id, "reference": score.reference_split}
    if score.extractor_id is not None:
        found = host.find("feature_extractor", score.extractor_id, home=OWN_DISTRIBUTION)
        options["extractor"] = host.spelling(found)
    given = [f"{k}={v}" for k, v in options.items() if v and k in kind.Config.model_fields]
    return f"[{','.join(given)}]" if given else ""


def _of_the_seed(folder: Path, outcome: Outcome, seed: int) -> RunRecord:
    """Read the run of a seed from among those of a call of one method and one parameter set."""
    from regene_bench.leaderboard.one_run import read_run

    run_ids = [*outcome.kept, *(record.run_id for record in outcome.ran)]
    return next(run for run in (read_run(folder, i) for i in run_ids) if run.seed == seed)


def _differences(published: RunRecord, repeated: RunRecord) -> list[str]:
    """Say in what the repetition is another run than the published one."""
    lines = []
    for name in _IDENTITY:
        old, new = getattr(published, name), getattr(repeated, name)
        if old != new:
            lines.append(f"another {name.replace('_', ' ')}: {old} was published, {new} ran")
    for name in ("gpu_name", "device", "precision", "torch_version"):
        old, new = getattr(published, name), getattr(repeated, name)
        if old != new:
            lines.append(f"{name.replace('_', ' ')}: {old} was published, {new} here")
    return [printable(line) for line in lines]


def _row(one: ScoreComparison) -> tuple[str, str, str, str]:
    name = one.metric if one.class_name is None else f"{one.metric} of {one.class_name}"
    if one.repeated is None:
        return name, f"{one.published:.6g}", "", f"{_WORDS[one.verdict]}: {one.reason}"
    by = "" if not one.difference else f" by {one.difference:.2%}"
    return name, f"{one.published:.6g}", f"{one.repeated:.6g}", f"{_WORDS[one.verdict]}{by}"
