"""The command, or the call, that makes a run again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from regene_bench.base.errors import RegeneBenchError
from regene_bench.base.paths import DEFAULT_RESULTS
from regene_bench.leaderboard.record import EXTERNAL, RunRecord
from regene_bench.plugins.entries import OWN_DISTRIBUTION
from regene_bench.plugins.host import PluginHost
from regene_bench.plugins.method_files import FILE_PREFIX
from regene_bench.runtime.provenance import was_fast
from regene_bench.samples.sources import IN_MEMORY


def repetition_of(
    record: RunRecord, host: PluginHost, results: Path = DEFAULT_RESULTS, *, force: bool = True
) -> str:
    """Return a line that makes a run again: for a shell, or for Python.

    Samples that were an array have no path that a command could name, so the line is a call with
    names in the place of the images and their labels. The arguments are those of ``command_of``.
    """
    if record.distribution == EXTERNAL and record.params.get("source") in IN_MEMORY:
        return _scoring_call(record, host, results)
    return shlex.join(command_of(record, host, results, force=force))


def command_of(
    record: RunRecord, host: PluginHost, results: Path = DEFAULT_RESULTS, *, force: bool = True
) -> list[str]:
    """Return the command line that makes a run again, with every parameter spelt out.

    Args:
        record: The run.
        host: Knows whether the method's short name is unique.
        results: Where the results go.
        force: Repeat it also where it is finished already.
    """
    if record.distribution == EXTERNAL:
        return _scoring_command(record, host, results)
    method, settings = method_and_settings(record, host)
    words = ["regene-bench", "run", benchmark_as_typed(record, host), "--preset", record.preset]
    words += ["--methods", method, "--seeds", f"{record.seed},"]
    for setting in settings:
        words += ["--set", setting]
    if results != DEFAULT_RESULTS:
        words += ["--results", str(results)]
    if was_fast(record.packages):
        words.append("--fast")
    return [*words, "--force"] if force else words


def benchmark_as_typed(record: RunRecord, host: PluginHost) -> str:
    """Return a run's benchmark as it is named here; as in the row where it is not registered."""
    if not host.knows("benchmark", record.benchmark):
        return record.benchmark
    try:
        return host.spelling(host.find("benchmark", record.benchmark, home=OWN_DISTRIBUTION))
    except RegeneBenchError:
        return record.benchmark


def method_and_settings(record: RunRecord, host: PluginHost) -> tuple[str, tuple[str, ...]]:
    """Return a run's method as it is named here, and its parameters as ``method.key=value``.

    Of a method in a file only the class is known: ``FILE.py`` stands for its path.
    """
    if record.distribution.startswith(FILE_PREFIX):
        method = f"FILE.py:{record.method}"
        return method, tuple(f"{method}.{k}={json.dumps(v)}" for k, v in record.params.items())
    method, qualified = record.method, f"{record.distribution}:{record.method}"
    if qualified in host.shown_names("method"):
        method = qualified
    return method, tuple(f"{method}.{k}={json.dumps(v)}" for k, v in record.params.items())


def _scoring_command(record: RunRecord, host: PluginHost, results: Path) -> list[str]:
    words = ["regene-bench", "score", str(record.params.get("source", "SAMPLES"))]
    if statistics := record.params.get("statistics"):
        words += ["--against-stats", str(statistics)]
        words += ["--extractor", str(record.params.get("extractor")), "--name", record.method]
        return [*words, "--results", str(results)]
    words += [
        "--against",
        benchmark_as_typed(record, host),
        "--preset",
        record.preset,
        "--name",
        record.method,
    ]
    words += ["--labels", str(labels)] if (labels := record.params.get("labels")) else []
    words += ["--resize"] if record.params.get("resized_from") else []
    words += ["--skip-bad"] if record.params.get("left_out") else []
    return [*words, "--results", str(results)]


def _scoring_call(record: RunRecord, host: PluginHost, results: Path) -> str:
    if statistics := record.params.get("statistics"):
        of_statistics = {"against_stats": statistics, "extractor": record.params.get("extractor")}
        of_statistics |= {"name": record.method, "results": str(results)}
        words = [f"{key}={value!r}" for key, value in of_statistics.items()]
        return f"regene_bench.score(images, {', '.join(words)})"
    named = {"preset": record.preset, "name": record.method, "results": str(results)}
    settings = [f"{key}={value!r}" for key, value in named.items()]
    settings += ["resize=True"] if record.params.get("resized_from") else []
    benchmark = benchmark_as_typed(record, host)
    return f"regene_bench.score(images, {benchmark!r}, labels, {', '.join(settings)})"
