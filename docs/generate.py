"""Write the parts of the documentation that are made from the code: ``python docs/generate.py``.

A test compares the files with what this script would write, so that they cannot drift.
"""

from __future__ import annotations

from pathlib import Path

from regene_bench.leaderboard.schema import COLUMNS, SCHEMA_VERSION

DOCS = Path(__file__).resolve().parent


def leaderboard_page() -> str:
    """The columns of the leaderboard, as Markdown."""
    lines = [
        "# The leaderboard's columns",
        "",
        "<!-- made by docs/generate.py from regene_bench/leaderboard/schema.py -->",
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
    return "\n".join(lines) + "\n"


PAGES = {"leaderboard.md": leaderboard_page}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
        print(f"wrote docs/{name}")
