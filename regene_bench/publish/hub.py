"""A leaderboard as a data set on the Hugging Face Hub."""

from __future__ import annotations

import json
import re
from typing import Literal

import pyarrow as pa

from regene_bench.base.errors import ResultsError, UsageError
from regene_bench.leaderboard.merge import without_tracebacks
from regene_bench.leaderboard.part_file import part_bytes
from regene_bench.leaderboard.ranking import make_boards
from regene_bench.leaderboard.render import render
from regene_bench.leaderboard.schema import COLUMNS, SCHEMA

CARD = "README.md"
ROWS = "scores.parquet"
_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)


def files_of(table: pa.Table, ranks: dict[str, str], title: str) -> dict[str, bytes]:
    """Make the files of the data set: its card and its rows.

    Args:
        table: Rows of a leaderboard.
        ranks: What each benchmark ranks by.
        title: Heading of the card.
    """
    table = without_tracebacks(table).cast(SCHEMA)
    return {CARD: _card(table, ranks, title).encode(), ROWS: part_bytes(table, "many runs")}


def upload(
    repository: str,
    files: dict[str, bytes],
    endpoint: str | None = None,
    *,
    kind: Literal["dataset", "model"] = "dataset",
    message: str = "Leaderboard of regene-bench",
) -> str:
    """Commit files to a repository, which is made if need be.

    The token is the one that `hf auth login` keeps, or ``HF_TOKEN``.

    Args:
        repository: ``user/name``.
        files: Path in the repository to content.
        endpoint: Another hub than the public one.
        kind: Of the repository.
        message: The commit's.

    Returns:
        The address of the commit.

    Raises:
        UsageError: The name is none.
        ResultsError: The hub cannot be reached or refuses.
    """
    check_name(repository)
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(endpoint=endpoint)
    operations = [
        CommitOperationAdd(path_in_repo=name, path_or_fileobj=content)
        for name, content in files.items()
    ]
    try:
        api.create_repo(repository, repo_type=kind, exist_ok=True)
        commit = api.create_commit(
            repository,
            operations,
            commit_message=message,
            repo_type=kind,
        )
    except (OSError, ValueError) as error:
        raise _refusal(repository, error) from error
    except Exception as error:
        # huggingface_hub's errors have changed their base classes with its HTTP library
        if type(error).__module__.partition(".")[0] not in ("huggingface_hub", "httpx", "requests"):
            raise
        raise _refusal(repository, error) from error
    return str(commit.commit_url)


def check_name(repository: str) -> None:
    """Raise ``UsageError`` unless a name is of the form ``user/name``."""
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError(
            f"{repository!r} is no repository of the Hub.", hint="Its form is USER/NAME."
        )


def _refusal(repository: str, error: Exception) -> ResultsError:
    words = str(error).strip().splitlines()
    return ResultsError(
        f"The Hub did not take {repository}: {words[0] if words else type(error).__name__}.",
        hint="Log in with `hf auth login`, or set HF_TOKEN to a token that may write.",
    )


def _card(table: pa.Table, ranks: dict[str, str], title: str) -> str:
    benchmarks = sorted(set(table["benchmark"].unique().to_pylist()))
    head = {
        "license": "apache-2.0",
        "pretty_name": title,
        "tags": ["regene-bench", "benchmark", "image-generation"],
        "configs": [{"config_name": "default", "data_files": ROWS}],
    }
    # JSON is YAML, and nothing in it can end the block
    front = "\n".join(f"{key}: {json.dumps(value)}" for key, value in head.items())
    columns = "\n".join(f"| `{c.name}` | {c.kind} | {c.doc} |" for c in COLUMNS)
    return (
        f"---\n{front}\n---\n\n# {_line(title)}\n\n"
        f"Scores of class-conditional image generators on {_line(', '.join(benchmarks))}, measured "
        "with regene-bench. One row per run × metric (× class).\n\n"
        f"{render(make_boards(table, ranks), 'md')}\n"
        "## Columns\n\n| column | type | what |\n|---|---|---|\n"
        f"{columns}\n"
    )


def _line(text: str) -> str:
    plain = " ".join(text.split())
    return re.sub(r"([\\`*_|\[\]<>#])", r"\\\1", plain)
