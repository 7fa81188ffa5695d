"""The contract of a store: what an object store must do for results to lie on it.

Objects are whole buffers under keys such as ``leaderboard/digits/0123.parquet``. A store tells of
each a stamp, which is another one after every change. All that keeps two writers apart are two
conditions that the store itself holds: put if nothing is there, and put if nothing has changed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from regene_bench.base.errors import ResultsError

_PROBES: Final = "probes"


class StoreError(ResultsError):
    """A store that cannot be reached, or refuses what it is asked for."""


@dataclass(frozen=True)
class Stored:
    """An object as a list tells of it.

    Attributes:
        key: Its name below the store's address, with slashes.
        stamp: What is another one after every change; an ETag.
        size: Bytes.
    """

    key: str
    stamp: str
    size: int


class ResultsStore(Protocol):
    """Where results lie. Its methods may be called by several threads at once.

    All of them raise ``StoreError`` if the store cannot be reached or refuses, with no credentials
    in the message.

    Attributes:
        address: What the user gave, as ``s3://bucket/prefix``.
    """

    address: str

    def list(self, folder: str) -> list[Stored]:
        """List all objects below a folder, sorted by key.

        Args:
            folder: A key without its last part or parts, as ``leaderboard`` or ``runs/0123``; not
                the beginning of a name. Empty for all.
        """
        ...

    def look(self, key: str) -> Stored | None:
        """Tell of one object; ``None`` if there is none."""
        ...

    def get(self, key: str) -> tuple[bytes, str] | None:
        """Read an object whole: content and stamp; ``None`` if there is none."""
        ...

    def put(self, key: str, content: bytes) -> str:
        """Write an object whole, in place of whatever was there, and return its stamp.

        Whoever reads meanwhile gets the old one or the new.
        """
        ...

    def put_if_absent(self, key: str, content: bytes) -> str | None:
        """Write an object if there is none, and return its stamp; ``None`` if there is one."""
        ...

    def put_if_unchanged(self, key: str, content: bytes, stamp: str) -> str | None:
        """Replace an object that has this stamp, and return the new one; ``None`` if it has
        another, or is gone."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that is gone already is no error."""
        ...


def check_key(key: str) -> str:
    """Return a key; refuse one that would lead out of the store, or that no file can have.

    Raises:
        StoreError: It does.
    """
    parts = key.split("/")
    if any(part in ("", ".", "..") or "\0" in part or "\\" in part for part in parts):
        raise StoreError(
            f"{key!r} cannot be the name of an object of results.",
            hint="Remove it from the store, or rename it.",
        )
    return key


def check_conditions(store: ResultsStore) -> None:
    """Make sure that a store holds conditions: one that passes them over keeps no two writers
    apart, and says nothing.

    Raises:
        StoreError: It does not, or it cannot be reached or written to.
    """
    key = f"{_PROBES}/{secrets.token_hex(16)}"
    first = store.put_if_absent(key, b"first")
    try:
        second = store.put_if_absent(key, b"second")
        third = store.put_if_unchanged(key, b"third", str(first))
        # the first stamp is of no object any more
        fourth = store.put_if_unchanged(key, b"fourth", str(first))
    finally:
        store.delete(key)
    if first is None or second is not None or third is None or fourth is not None:
        raise StoreError(
            f"The server of {store.address} does not hold conditions (If-None-Match, If-Match), "
            "without which two machines cannot share runs.",
            hint="Take a server that does (AWS, MinIO and Ceph are known to), or give a folder "
            "and copy it.",
        )
