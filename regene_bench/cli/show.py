"""``regene-bench show``: all of one run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regene_bench.base.files import stays_inside
from regene_bench.base.text import aligned, json_text, printable, say
from regene_bench.cli.options import Results
from regene_bench.leaderboard.directions import BETTER

if TYPE_CHECKING:
    from regene_bench.leaderboard.record import RunRecord, ScoreRow

_RUN_FOLDER = "runs"


def show(
    run: Annotated[str, typer.Argument(help="A run's id, or the beginning of it.")],
    results: Results = Path("results"),
    as_json: Annotated[bool, typer.Option("--json", help="Write the rows as JSON.")] = False,
) -> None:
    """Show all of one run: parameters, scores, per-class scores, files, how to repeat it."""
    from regene_bench.leaderboard.one_run import read_run
    from regene_bench.plugins.host import load_plugins
    from regene_bench.samples.reproduction import repetition_of

    record = read_run(results, run)
    if as_json:
        say(json_text(record.rows()))
        return
    sections = [
        _heading(record),
        (
            "parameters",
            aligned([(k, json.dumps(v)) for k, v in record.params.items()], indent="  "),
        ),
        ("scores", _scores([s for s in record.scores if s.class_name is None])),
        ("scores per class", _per_class([s for s in record.scores if s.class_name is not None])),
        ("conventions", _conventions(record)),
        ("made with", _circumstances(record)),
        ("files", _files(results, record)),
        ("repeat it", "  " + repetition_of(record, load_plugins(), results)),
    ]
    say("\n\n".join(f"{title}\n{body}" for title, body in sections if body.strip()))


def _heading(record: RunRecord) -> tuple[str, str]:
    title = (
        f"{record.method} on {record.benchmark} v{record.protocol_version} ({record.preset}), "
        f"seed {record.seed}: {record.status}"
    )
    lines = [f"  run {record.run_id}, {record.timestamp:%Y-%m-%d %H:%M:%S %Z}"]
    lines.append(f"  data {record.dataset}, fingerprint {record.dataset_fingerprint}")
    if record.status == "failed":
        lines.append(f"  {record.error_type}: {record.error_message}")
        lines.append(f"  traceback: {record.traceback_path}")
    return printable(title), "\n".join("  " + printable(line) for line in lines)


def _scores(scores: list[ScoreRow]) -> str:
    rows = []
    for s in scores:
        value = _number(s.value) + (f" ± {_number(s.std)} within the run" if s.std else "")
        if s.ci_low is not None and s.ci_high is not None:
            value += f", 95 % {_number(s.ci_low)} to {_number(s.ci_high)}"
        direction = "" if s.direction == "none" else BETTER[s.direction]
        about = s.note if s.status == "ok" else s.error_message or s.error_type or ""
        shown = value if s.status == "ok" else s.status
        rows.append((s.metric, f"{shown} {s.unit}".strip(), direction, about))
    return aligned(rows, indent="  ")


def _per_class(scores: list[ScoreRow]) -> str:
    metrics = list(dict.fromkeys(s.metric for s in scores))
    classes = list(dict.fromkeys(str(s.class_name) for s in scores))
    values = {(str(s.class_name), s.metric): _number(s.value) or s.status for s in scores}
    rows = [[name, *(values.get((name, metric), "") for metric in metrics)] for name in classes]
    return aligned(rows, ("class", *metrics), indent="  ") if rows else ""


def _conventions(record: RunRecord) -> str:
    rows: dict[tuple[str, ...], None] = {}
    for s in record.scores:
        if s.extractor_id and s.class_name is None:
            images = [f"{s.n_generated} generated"] if s.n_generated is not None else []
            if s.n_real is not None:
                split = f" ({s.reference_split})" if s.reference_split else ""
                images.append(f"{s.n_real} real{split}")
            weights = f"weights {(s.weights_sha256 or 'none')[:8]}"
            key = (s.extractor_id, s.preprocess_id or "", weights, ", ".join(images))
            rows.setdefault(key)
    return aligned(list(rows), indent="  ")


def _circumstances(record: RunRecord) -> str:
    values: dict[str, Any] = {
        "method": f"{record.distribution} {record.distribution_version}, "
        f"method version {record.method_version}",
        "device": record.gpu_name or record.device,
        "precision": record.precision,
        "trained": f"as one with {record.trained_together - 1} others"
        if record.trained_together
        else None,
        "fit": _seconds(record.fit_seconds, record.fit_images_per_second),
        "generate": _seconds(record.generate_seconds, record.generate_images_per_second),
        "measure": _seconds(record.measure_seconds, None),
        "peak memory": f"{record.peak_memory_bytes / 1e6:.0f} MB"
        if record.peak_memory_bytes
        else None,
        "python": record.python_version,
        "packages": ", ".join(f"{name} {v}" for name, v in record.packages.items()),
        "git commit": record.git_commit,
    }
    return aligned([(k, str(v)) for k, v in values.items() if v], indent="  ")


def _files(results: Path, record: RunRecord) -> str:
    from regene_bench.leaderboard.compacted import holding
    from regene_bench.leaderboard.places import part_path

    part = part_path(results, record.benchmark, record.run_id)
    files = [part] if part.exists() else list(holding(part.parent, record.run_id)) or [part]
    found = (results / _RUN_FOLDER / record.run_id).rglob("*")
    files += sorted(p for p in found if p.is_file() and stays_inside(p, results))
    return "\n".join(f"  {printable(str(path))}" for path in files)


def _seconds(seconds: float | None, rate: float | None) -> str | None:
    if seconds is None:
        return None
    return f"{seconds:.2f} s" + (f", {rate:.0f} images/s" if rate else "")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
