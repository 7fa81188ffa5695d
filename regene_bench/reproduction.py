"""The command that makes a run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from regene_bench.leaderboard.record import EXTERNAL
from regene_bench.paths import DEFAULT_RESULTS

if TYPE_CHECKING:
    from regene_bench.leaderboard.record import RunRecord
    from regene_bench.plugins import PluginHost


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
        return _scoring_command(record, results)
    method, settings = method_and_settings(record, host)
    words = ["regene-bench", "run", record.benchmark, "--preset", record.preset]
    words += ["--methods", method, "--seeds", f"{record.seed},"]
    for setting in settings:
        words += ["--set", setting]
    if results != DEFAULT_RESULTS:
        words += ["--results", str(results)]
    return [*words, "--force"] if force else words


def method_and_settings(record: RunRecord, host: PluginHost) -> tuple[str, tuple[str, ...]]:
    """Return a run's method as it is named here, and its parameters as ``method.key=value``."""
    method, qualified = record.method, f"{record.distribution}:{record.method}"
    if qualified in host.shown_names("method"):
        method = qualified
    return method, tuple(f"{method}.{k}={json.dumps(v)}" for k, v in record.params.items())


def _scoring_command(record: RunRecord, results: Path) -> list[str]:
    words = ["regene-bench", "score", str(record.params.get("source", "SAMPLES"))]
    words += ["--against", record.benchmark, "--preset", record.preset, "--name", record.method]
    words += ["--resize"] if record.params.get("resized_from") else []
    return [*words, "--results", str(results)]
