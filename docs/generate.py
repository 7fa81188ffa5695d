"""Write the parts of the documentation that are made from the code: ``python docs/generate.py``.

A test compares the files with what this script would write, so that they cannot drift.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from regene_bench.leaderboard.directions import BETTER
from regene_bench.leaderboard.row_columns import COLUMNS, SCHEMA_VERSION
from regene_bench.plugins.host import Entry, load_plugins
from regene_bench.studies.definition import load_study

DOCS = Path(__file__).resolve().parent
MARK = "<!-- printed by benchmarks/studies.py -->"


def leaderboard_page() -> str:
    """The columns of the leaderboard, as Markdown."""
    lines = [
        "# The leaderboard's columns",
        "",
        "<!-- made by docs/generate.py from regene_bench/leaderboard/row_columns.py and",
        "docs/readers.md -->",
        "",
        f"Schema version {SCHEMA_VERSION}. One row per run × metric (× class). A run that failed",
        "has a row of its own with `metric` null. Each run is one Parquet file,",
        "`<results>/leaderboard/<benchmark>/<run_id>.parquet`, written whole.",
        "",
        "| column | type | of the | what |",
        "|---|---|---|---|",
    ]
    for column in COLUMNS:
        owner = "run" if column.of_run else "score"
        lines.append(f"| `{column.name}` | {column.kind} | {owner} | {column.doc} |")
    lines += ["", (DOCS / "readers.md").read_text(encoding="utf-8").strip()]
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """Every metric's definition, options and columns, as Markdown."""
    entries = [
        entry for entry in load_plugins().entries("metric") if entry.distribution == "regene-bench"
    ]
    lines = [
        "# Metrics",
        "",
        "<!-- made by docs/generate.py from the metrics' docstrings, docs/conventions.md and",
        "docs/tolerances.md -->",
        "",
        (DOCS / "conventions.md").read_text(encoding="utf-8").strip(),
        "",
        "## The metrics",
        "",
    ]
    for entry in entries:
        lines += _metric(entry)
    lines += [(DOCS / "tolerances.md").read_text(encoding="utf-8").strip()]
    return "\n".join(lines) + "\n"


def _metric(entry: Entry) -> Iterator[str]:
    metric = entry.load()
    yield from (f"### `{entry.name}`", "")
    yield from (inspect.getdoc(metric).replace("``", "`"), "")
    options = metric.Config.model_fields
    if options:
        words = (
            f"`{name}` ({field.get_default() or 'the protocol’s'})"
            for name, field in options.items()
        )
        yield from (f"Options (defaults): {', '.join(words)}.", "")
    yield from ("| column | better | unit | what |", "|---|---|---|---|")
    for column in metric.columns:
        better = BETTER[column.direction]
        yield f"| `{column.name}` | {better} | {column.unit} | {column.summary} |"
    yield ""


def studies_page() -> str:
    """Every study with its source, its runs and its figures, and every figure's options."""
    host = load_plugins()
    lines = [
        "# Studies and figures",
        "",
        "<!-- made by docs/generate.py from the studies' files, the figures' docstrings and",
        "docs/measured (benchmarks/studies.py) -->",
        "",
        "`regene-bench study NAME` carries out the runs of a study and makes its figures. What a",
        "preset changes is said in the file; `--benchmarks`, `--methods`, `--seeds` and `--set`",
        "change the rest.",
        "",
        "## The studies",
        "",
    ]
    for entry in host.entries("study"):
        study = load_study(host, entry.name)
        figures = ", ".join(f"`{table.kind}`" for table in study.figures)
        lines += [f"### `{study.name}`", "", f"{study.title}. Source: {study.source}.", ""]
        lines += [study.description.strip(), ""] if study.description.strip() else []
        lines += [f"On {', '.join(study.benchmarks)}: `{study.methods}`. Figures: {figures}.", ""]
        lines += _measured(study.name)
    lines += ["## The figures", ""]
    for entry in host.entries("figure"):
        figure = entry.load()
        lines += [f"### `{entry.name}`", "", inspect.getdoc(figure).replace("``", "`"), ""]
        lines += [*_attributes(figure.Config), ""]
    return "\n".join(lines).rstrip() + "\n"


def _measured(study: str) -> list[str]:
    """What was measured, printed by benchmarks/studies.py, with what is to be said of it."""
    page = DOCS / "measured" / f"{study}.md"
    if not page.exists():
        return []
    text = page.read_text(encoding="utf-8").replace(f"{MARK}\n", "").strip()
    # links are relative to where they stand
    text = re.sub(r"\]\((?!\.\./|https?:)", f"]({page.parent.name}/", text).replace("](../", "](")
    return ["#### Measured", "", text, ""]


def _attributes(config: type) -> Iterator[str]:
    """The attributes of a Google-style docstring as a list."""
    _, _, attributes = (inspect.getdoc(config) or "").partition("Attributes:\n")
    for line in attributes.replace("``", "`").splitlines():
        name, _, text = line.partition(": ")
        begins = line.startswith("    ") and not line.startswith("     ")
        yield f"- `{name.strip()}`: {text}" if begins else f"  {line.strip()}"


PAGES = {
    "leaderboard.md": leaderboard_page,
    "metrics.md": metrics_page,
    "studies.md": studies_page,
}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
        print(f"wrote docs/{name}")
