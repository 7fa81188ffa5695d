"""A leaderboard as a data set on the Hugging Face Hub."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from regene_bench.base.errors import ResultsError, UsageError
from regene_bench.leaderboard.flat_lines import table_of_lines
from regene_bench.leaderboard.merge import without_tracebacks
from regene_bench.leaderboard.part_file import part_bytes
from regene_bench.leaderboard.ranking import make_boards
from regene_bench.leaderboard.schema import SCHEMA
from regene_bench.publish.hub_card import CARD, LINES, ROWS, card_of

_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)


def files_of(
    table: pa.Table,
    ranks: dict[str, str],
    title: str = "",
    *,
    licence: str = "",
    there: str | None = None,
) -> dict[str, bytes]:
    """Make the files of the data set: its card, a table with a row a line, and all rows.

    Args:
        table: Rows of a leaderboard.
        ranks: What each benchmark ranks by.
        title: Heading of the card; empty for the one that it has.
        licence: As the Hub spells it; none is asserted if empty.
        there: The card that the data set has; what people wrote in it stays.
    """
    table = without_tracebacks(table).cast(SCHEMA)
    boards = make_boards(table, ranks)
    written = io.BytesIO()
    pq.write_table(table_of_lines(boards), written, compression="snappy", store_schema=False)
    return {
        CARD: card_of(boards, title, licence, there).encode(),
        LINES: written.getvalue(),
        ROWS: part_bytes(table, "many runs"),
    }


def published_card(repository: str, endpoint: str | None = None) -> str | None:
    """Fetch the card of a data set; ``None`` if there is none yet.

    Raises:
        ResultsError: The hub cannot be reached.
    """
    check_name(repository)
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        # what a cache has may be older
        with tempfile.TemporaryDirectory() as folder:
            path = HfApi(endpoint=endpoint).hf_hub_download(
                repository, CARD, repo_type="dataset", local_dir=folder
            )
            return Path(path).read_text(encoding="utf-8")
    except (
        EntryNotFoundError,
        RepositoryNotFoundError,
        OSError,
        ValueError,
        # some releases try once more with a client that they have closed
        RuntimeError,
    ) as error:
        missing = isinstance(error, EntryNotFoundError | RepositoryNotFoundError)
        # one that may not be read is there all the same
        missing = missing and not isinstance(error, GatedRepoError)
        # a hub that was not reached says that there is no file here
        if missing and not isinstance(error, LocalEntryNotFoundError):
            return None
        raise ResultsError(
            f"The card of {repository} cannot be read: {_first_line(error)}.",
            hint="What people wrote in it is to stay, so nothing was sent. Is there a network?",
        ) from error


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
    return ResultsError(
        f"The Hub did not take {repository}: {_first_line(error)}.",
        hint="Log in with `hf auth login`, or set HF_TOKEN to a token that may write.",
    )


def _first_line(error: BaseException) -> str:
    words = str(error).strip().splitlines()
    return words[0] if words else type(error).__name__
