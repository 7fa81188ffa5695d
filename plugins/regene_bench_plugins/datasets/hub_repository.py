"""Fetches the images of a data set repository of the Hugging Face Hub, at one commit of it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from regene_bench.api import DataError, is_offline

CONVERTED: Final = "refs/convert/parquet"
COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_IMAGES: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
_LABELS: Final = ("metadata.csv", "metadata.jsonl", "metadata.parquet", "dataset.json")
_KINDS: Final[tuple[tuple[str, ...], ...]] = (
    (".parquet",),
    (".arrow", "state.json", "dataset_dict.json"),
    (*_IMAGES, *_LABELS),
)
_CLIENTS: Final = ("huggingface_hub", "httpx", "httpx2", "httpcore", "requests", "urllib3")


@dataclass(frozen=True)
class Snapshot:
    """A repository's files of images and labels, as they were at one commit.

    Attributes:
        folder: Where they lie, in the Hub's own cache.
        commit: 40 hexadecimal digits.
    """

    folder: Path
    commit: str


def fetch_repository(repo: str, revision: str, config: str) -> Snapshot:
    """Fetch a repository's tables or else its image files, or find them in the Hub's own cache.

    The token is the one that ``hf auth login`` keeps, or ``HF_TOKEN``. Nothing is asked of the
    network where ``$REGENE_BENCH_OFFLINE`` is set.

    Args:
        repo: ``user/set``.
        revision: Commit, branch or tag.
        config: Fetch only what lies below this folder; empty for everything.

    Raises:
        DataError: There is no such repository or revision, it holds no images, or it is not here
            and cannot be fetched.
    """
    try:
        if is_offline():
            return _from_cache(repo, revision, config)
        return _from_hub(repo, revision, config)
    except DataError:
        raise
    except Exception as error:
        # the client's errors have changed their base classes with its HTTP library
        known = type(error).__module__.partition(".")[0] in _CLIENTS
        if not known and not isinstance(error, OSError | ValueError):
            raise
        raise _refusal(repo, revision, error) from error


def _from_hub(repo: str, revision: str, config: str) -> Snapshot:
    from huggingface_hub import HfApi

    endpoint = os.environ.get("HF_ENDPOINT")
    info = HfApi(endpoint=endpoint).dataset_info(repo, revision=revision)
    names = [one.rfilename for one in info.siblings or ()]
    if config:
        names = [name for name in names if name.startswith(f"{config}/")]
    kind = next((kind for kind in _KINDS if any(name.endswith(kind) for name in names)), None)
    if kind is None:
        raise _no_images(repo, revision, config)
    # asked for by its own name, so that the cache knows the branch where there is no network
    folder = _snapshot(repo, revision, config, kind, local=False)
    return Snapshot(folder, folder.name)


def _from_cache(repo: str, revision: str, config: str) -> Snapshot:
    for kind in _KINDS:
        folder = _snapshot(repo, revision, config, kind, local=True)
        if any(path.name.endswith(kind) for path in folder.rglob("*")):
            return Snapshot(folder, folder.name)
    raise _no_images(repo, revision, config)


def _snapshot(repo: str, revision: str, config: str, kind: Sequence[str], *, local: bool) -> Path:
    from huggingface_hub import snapshot_download

    below = f"{config}/" if config else ""
    folder = snapshot_download(
        repo,
        repo_type="dataset",
        revision=revision,
        allow_patterns=[f"{below}*{ending}" for ending in kind],
        local_files_only=local,
        endpoint=os.environ.get("HF_ENDPOINT"),
    )
    return Path(folder)


def _no_images(repo: str, revision: str, config: str) -> DataError:
    where = f"{repo} at {revision}" + (f" below {config}/" if config else "")
    return DataError(
        f"The Hub's {where} holds neither Parquet nor Arrow nor image files.",
        hint="See whether config is right."
        if config
        else f'The Hub converts many data sets to Parquet: revision = "{CONVERTED}".',
    )


def _refusal(repo: str, revision: str, error: Exception) -> DataError:
    name = type(error).__name__
    lines = (str(error) or name).strip().splitlines()
    if name == "RevisionNotFoundError":
        return DataError(
            f"The Hub's {repo} has no revision {revision!r}.",
            hint="Give a commit, a branch or a tag; the usual branch is main.",
        )
    if name in ("RepositoryNotFoundError", "GatedRepoError", "HFValidationError"):
        return DataError(
            f"The Hub has no data set {repo!r} for you: {lines[0]}",
            hint="Its form is USER/NAME. If it is private or asks for consent, log in with "
            "`hf auth login`, or set HF_TOKEN.",
        )
    return DataError(
        f"The Hub's {repo} at {revision} is not on this machine and cannot be fetched: {lines[0]}",
        hint=f"Connect to the network (and unset REGENE_BENCH_OFFLINE), or run `hf download {repo} "
        "--repo-type dataset` where there is one and bring the Hub's cache (HF_HOME) here.",
    )
