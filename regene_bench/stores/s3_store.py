"""A bucket of S3, or of a server that speaks its protocol, through obstore."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final

from regene_bench.base.errors import UnavailableError
from regene_bench.stores.store import Stored, StoreError, check_key

_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
# what the library takes credentials from; without any it asks a cloud's machine for them
_CREDENTIALS: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)
_RETRIES: Final = 4
_RETRY_SECONDS: Final = 30.0
_CHUNK: Final = 1000


class S3Store:
    """A prefix of a bucket as a store.

    Endpoint, region and credentials are taken from the environment (``AWS_ENDPOINT_URL``,
    ``AWS_REGION``, ``AWS_ACCESS_KEY_ID``, …) by obstore, and are in no message.

    Args:
        bucket: Its name.
        prefix: Where in it results lie; empty for all of it.

    Attributes:
        address: ``s3://bucket/prefix``.

    Raises:
        UnavailableError: obstore is not installed.
        StoreError: What the environment says makes no client.
    """

    def __init__(self, bucket: str, prefix: str = "") -> None:
        try:
            import obstore
            from obstore import exceptions
            from obstore.store import S3Store as Client
        except ImportError as error:
            raise UnavailableError(
                "Results on S3 need obstore, which is not installed.",
                hint="pip install 'regene-bench[s3]'",
            ) from error
        self.address = f"s3://{bucket}/{prefix}".rstrip("/")
        self._obstore: Any = obstore
        self._exceptions: Any = exceptions
        self._quoted = True
        with self._told("opened"):
            self._client = Client(
                bucket,
                prefix=prefix or None,
                client_options={"allow_http": endpoint().startswith("http://")},
                retry_config={
                    "max_retries": _RETRIES,
                    "retry_timeout": timedelta(seconds=_RETRY_SECONDS),
                },
            )

    def list(self, folder: str) -> list[Stored]:
        """As of ``ResultsStore``."""
        prefix = check_key(folder) if folder else None
        with self._told("listed"):
            chunks = self._obstore.list(self._client, prefix, chunk_size=_CHUNK)
            found = [
                Stored(meta["path"], _plain(meta["e_tag"]), meta["size"])
                for chunk in chunks
                for meta in chunk
            ]
        return sorted(found, key=lambda stored: stored.key)

    def look(self, key: str) -> Stored | None:
        """As of ``ResultsStore``."""
        check_key(key)
        with self._told("read"):
            try:
                meta = self._obstore.head(self._client, key)
            except FileNotFoundError:
                return None
            return Stored(key, _plain(meta["e_tag"]), meta["size"])

    def get(self, key: str) -> tuple[bytes, str] | None:
        """As of ``ResultsStore``."""
        check_key(key)
        with self._told("read"):
            try:
                answer = self._obstore.get(self._client, key)
            except FileNotFoundError:
                return None
            return bytes(answer.bytes()), _plain(answer.meta["e_tag"])

    def put(self, key: str, content: bytes) -> str:
        """As of ``ResultsStore``."""
        with self._told("written to"):
            return self._put(key, content, "overwrite")

    def put_if_absent(self, key: str, content: bytes) -> str | None:
        """As of ``ResultsStore``."""
        return self._put_on_condition(key, content, None)

    def put_if_unchanged(self, key: str, content: bytes, stamp: str) -> str | None:
        """As of ``ResultsStore``."""
        return self._put_on_condition(key, content, stamp)

    def delete(self, key: str) -> None:
        """As of ``ResultsStore``."""
        check_key(key)
        with self._told("written to"):
            try:
                self._obstore.delete(self._client, key)
            except FileNotFoundError:
                return

    def _put_on_condition(self, key: str, content: bytes, stamp: str | None) -> str | None:
        with self._told("written to"):
            try:
                return self._put(key, content, self._mode(stamp))
            except (self._exceptions.AlreadyExistsError, self._exceptions.PreconditionError):
                pass
            except FileNotFoundError:  # If-Match, of what is gone
                return None
        found = self.get(key)
        if found is None:
            return None
        # an answer that was lost makes the library ask again, and be refused by its own first try
        if found[0] == content:
            return found[1]
        if found[1] != stamp:
            return None
        # refused, and nothing has changed: Ceph compares ETags without the quotes of the standard
        with self._told("written to"), suppress(self._exceptions.PreconditionError):
            unquoted: Any = {"e_tag": stamp}
            put = self._put(key, content, unquoted)
            self._quoted = False
            return put
        return None

    def _mode(self, stamp: str | None) -> Any:
        """What obstore calls a condition: there is no object, or one of this stamp."""
        if stamp is None:
            return "create"
        return {"e_tag": f'"{stamp}"' if self._quoted else stamp}

    def _put(self, key: str, content: bytes, mode: Any) -> str:
        check_key(key)
        return _plain(self._obstore.put(self._client, key, content, mode=mode)["e_tag"])

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Say what the library raises in words of our own: its own may quote keys of requests."""
        try:
            yield
        except self._exceptions.BaseError as error:
            told = self._error(what, error)
        except (OSError, ValueError) as error:
            told = self._error(what, error)
        else:
            return
        raise told from None

    def _error(self, what: str, error: Exception) -> StoreError:
        text = str(error)
        code = re.search(r"<Code>(\w+)</Code>", text)
        status = re.search(r"status code: (\d{3} [A-Z][A-Za-z ]*)", text)
        if code is not None:
            reason = f"the server says {code[1]}"
        elif status is not None:
            reason = f"the server says {status[1].strip()}"
        else:
            reason = f"there is no answer ({type(error).__name__})"
        if not any(os.environ.get(name) for name in _CREDENTIALS):
            hint = "No credentials are set: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        elif code is None and status is None:
            hint = "Is there a network, and is AWS_ENDPOINT_URL right? Calling again goes on."
        else:
            hint = (
                "Are bucket, AWS_ENDPOINT_URL, AWS_REGION and credentials right, and may they do "
                "this?"
            )
        return StoreError(f"{self.address} cannot be {what}: {reason}.", hint=hint)


def endpoint() -> str:
    """Address of the server that the environment names; empty for Amazon's own."""
    return next((value for name in _ENDPOINTS if (value := os.environ.get(name))), "")


def _plain(e_tag: str | None) -> str:
    """A stamp without the quotes that some servers put around it, and some answers leave out."""
    return (e_tag or "").removeprefix("W/").strip('"')
