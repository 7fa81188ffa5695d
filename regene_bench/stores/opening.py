"""From what a user gives as a folder of results to a folder: addresses become mirrors."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from filelock import FileLock

from regene_bench.base.disk import told_of_disk
from regene_bench.base.errors import ResultsError, UsageError
from regene_bench.base.files import write_atomically
from regene_bench.base.paths import cache_dir
from regene_bench.stores.local_store import LocalStore
from regene_bench.stores.mirror import Mirror, Pulled
from regene_bench.stores.s3_store import S3Store, endpoint
from regene_bench.stores.store import ResultsStore, check_key

# a path folds the two slashes of an address into one
_ADDRESS: Final = re.compile(r"(s3|file):/+(.*)", re.DOTALL)
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,62}")
_FOLDER: Final = "stores"
_FILE: Final = "address.json"


def is_address(results: Path | str) -> bool:
    """Tell whether results are said to lie on a store, and not in a folder."""
    return _ADDRESS.match(_text(results)) is not None


def results_folder(
    results: Path | str, tell: Callable[[str, Pulled], None] = lambda address, pulled: None
) -> Path:
    """Give the folder of results: what it is given, or the mirror of a store, brought up to date.

    Args:
        results: A folder, or ``s3://bucket/prefix``, or ``file:///folder`` to try one out.
        tell: Is told of a store, and what was fetched of it.

    Raises:
        UsageError: It is an address of no store.
        UnavailableError: The library for S3 is not installed.
        StoreError: The store cannot be reached.
        ResultsError: The cache cannot be written to.
    """
    if not is_address(results):
        return Path(results)
    mirror = open_mirror(results)
    tell(mirror.store.address, mirror.pull())
    return mirror.folder


def open_mirror(address: Path | str) -> Mirror:
    """Open the mirror of a store, which is made if there is none; nothing is fetched.

    Raises:
        UsageError: It is an address of no store.
        UnavailableError: The library for S3 is not installed.
        ResultsError: The cache cannot be written to.
    """
    store = open_store(address)
    root = _root_of(store)
    file = root / _FILE
    with told_of_disk("write to", root):
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / "address.lock"):
            if not file.exists():
                noted = {"address": store.address, "place": secrets.token_hex(8)}
                write_atomically(file, json.dumps(noted).encode())
    return _mirror(store, root)


def mirror_of(results: Path) -> Mirror | None:
    """Give the mirror that a folder of results is of; ``None`` if it is a folder like any other.

    Processes that are handed a folder, such as workers, find the store by it. Only what lies in
    this user's cache is a mirror: a folder from elsewhere has nobody's results sent anywhere.

    Raises:
        ResultsError: It was the mirror of another server than the environment names now.
    """
    root = results.parent
    if root.parent != (cache_dir() / _FOLDER).absolute() or not (root / _FILE).is_file():
        return None
    store = open_store(_noted(root)["address"])
    if _root_of(store) != root:
        raise ResultsError(
            f"{results} is the mirror of {store.address} on another server.",
            hint="Is AWS_ENDPOINT_URL set as it was?",
        )
    return _mirror(store, root)


def open_store(address: Path | str) -> ResultsStore:
    """Open a store by its address.

    Raises:
        UsageError: It is an address of no store.
        UnavailableError: The library for S3 is not installed.
    """
    match = _ADDRESS.match(_text(address))
    if match is None:
        raise UsageError("That is no address of a store.", hint="Give s3://BUCKET/PREFIX.")
    kind, where = match.groups()
    if kind == "file":
        return LocalStore(Path("/", unquote(where)))
    bucket, _, prefix = where.strip("/").partition("/")
    # what is no name of a bucket may be a key that somebody has put there, and is not repeated
    if _BUCKET.fullmatch(bucket) is None:
        raise UsageError(
            "The address of the results names no bucket.",
            hint="Give s3://BUCKET/PREFIX; the server and keys are variables: AWS_ENDPOINT_URL, "
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION.",
        )
    if prefix:
        check_key(prefix)
    return S3Store(bucket, prefix)


def _mirror(store: ResultsStore, root: Path) -> Mirror:
    return Mirror(store, root, f"{platform.node()}/{_noted(root)['place']}")


def _noted(root: Path) -> dict[str, str]:
    with told_of_disk("read", root / _FILE):
        try:
            match json.loads((root / _FILE).read_text()):
                case {"address": str(address), "place": str(place)}:
                    return {"address": address, "place": place}
        except ValueError:
            pass
    raise ResultsError(
        f"{root / _FILE} is damaged.",
        hint=f"Remove {root}; what was finished is on the store, and is fetched again.",
    )


def _root_of(store: ResultsStore) -> Path:
    # the same bucket of another server is another store
    server = endpoint() if store.address.startswith("s3:") else ""
    digest = hashlib.sha256(f"{server} {store.address}".encode()).hexdigest()[:12]
    readable = re.sub(r"[^A-Za-z0-9]+", "-", store.address)[:60].strip("-")
    return (cache_dir() / _FOLDER / f"{readable}-{digest}").absolute()


def _text(address: Path | str) -> str:
    return address.as_posix() if isinstance(address, Path) else address
