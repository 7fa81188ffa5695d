"""The card of a published leaderboard: what is ours in it is made anew, what people wrote stays."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from regene_bench.base.errors import ResultsError
from regene_bench.leaderboard.board import Board
from regene_bench.leaderboard.render import render
from regene_bench.leaderboard.row_columns import COLUMNS

CARD = "README.md"
LINES = "leaderboard.parquet"
ROWS = "scores.parquet"
BEGIN = "<!-- regene-bench: from here to the end mark, publishing writes anew -->"
END = "<!-- regene-bench: end -->"
_TITLE = "Leaderboards"
# what version 0.2.0 wrote below the heading
_OLDER_BLOCK = re.compile(
    r"(?s)Scores of class-conditional image generators on .*?\n## Columns\n\n(\|[^\n]*(\n|\Z))+"
)
_TAGS = ("regene-bench", "benchmark", "image-generation")
# the first is what the Hub shows and `load_dataset` reads; splits say what a row is
_CONFIGS = (
    {
        "config_name": "leaderboard",
        "default": True,
        "data_files": [{"split": "lines", "path": LINES}],
    },
    {"config_name": "scores", "data_files": [{"split": "rows", "path": ROWS}]},
)


def card_of(boards: Sequence[Board], title: str, licence: str, there: str | None) -> str:
    """Write the card in Markdown under the Hub's YAML.

    Args:
        boards: The tables in it.
        title: Heading; empty for the one that the card has.
        licence: As the Hub spells it; empty for what the card says, or none.
        there: The card that there is. Of its YAML all stays but our own configurations, of its
            text all that lies outside our block.

    Raises:
        ResultsError: The YAML of that card cannot be read.
    """
    import yaml  # type: ignore[import-untyped]
    from huggingface_hub import DatasetCard

    head: dict[str, Any] = {}
    text = f"\n# {_line(title or _TITLE)}\n\n{BEGIN}\n{END}\n"
    if there is not None:
        try:
            card = DatasetCard(there, ignore_metadata_errors=True)
        except (yaml.YAMLError, ValueError, TypeError) as error:
            raise ResultsError(
                f"The YAML between the first lines `---` of {CARD} cannot be read: "
                f"{str(error).splitlines()[0]}.",
                hint="What people wrote there is to stay, so nothing was sent. Mend it on the Hub.",
            ) from error
        head, text = card.data.to_dict(), card.text  # type: ignore[no-untyped-call]
        if head.get("configs") == [{"config_name": "default", "data_files": ROWS}]:
            # of a version that had no marks, and said a licence that nobody had chosen
            text = _OLDER_BLOCK.sub(f"{BEGIN}\n{END}\n", text, count=1)
            head.pop("license", None)
        if title:
            text = re.sub(r"(?m)^# .*$", lambda _: f"# {_line(title)}", text, count=1)
    if title or "pretty_name" not in head:
        head["pretty_name"] = title or _TITLE
    if licence:
        head["license"] = licence
    head["tags"] = list(dict.fromkeys([*(head.get("tags") or ()), *_TAGS]))
    ours = {config["config_name"] for config in _CONFIGS}
    others = [c for c in head.get("configs") or () if not _is_ours(c, ours)]
    head["configs"] = [*_CONFIGS, *({k: v for k, v in c.items() if k != "default"} for c in others)]
    # JSON is YAML, and nothing in it can end the block
    lines = {key: json.dumps(value, default=str, ensure_ascii=False) for key, value in head.items()}
    front = "\n".join(f"{key}: {line}" for key, line in lines.items())
    return f"---\n{front}\n---\n{_with_block(text, _block(boards))}"


def _is_ours(config: dict[str, Any], names: set[Any]) -> bool:
    # versions before had the rows alone, as `default`
    return config.get("config_name") in names or config.get("data_files") == ROWS


def _with_block(text: str, block: str) -> str:
    """Put the block in the place of the last one, or behind all that there is."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return f"{text.rstrip()}\n\n{block}\n"
    return f"{before}{block}{after}"


def _block(boards: Sequence[Board]) -> str:
    benchmarks = _line(", ".join(sorted({board.benchmark for board in boards})))
    columns = "\n".join(f"| `{c.name}` | {c.kind} | {c.doc} |" for c in COLUMNS)
    return (
        f"{BEGIN}\n\n"
        f"Scores of class-conditional image generators on {benchmarks}, measured with "
        "regene-bench.\n\n"
        "- `leaderboard` (split `lines`): a row a method with its parameters, a column a metric, "
        "the mean over seeds, with `std`, `ci95` (half the width) and `n` beside it.\n"
        "- `scores` (split `rows`): a row per run × metric (× class), with all that is known of "
        "each.\n\n"
        f"{render(boards, 'md')}\n"
        "## Columns of `scores`\n\n| column | type | what |\n|---|---|---|\n"
        f"{columns}\n\n{END}"
    )


def _line(text: str) -> str:
    plain = " ".join(text.split())
    return re.sub(r"([\\`*_|\[\]<>#])", r"\\\1", plain)
