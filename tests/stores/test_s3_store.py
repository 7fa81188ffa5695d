"""What is S3's alone: conditions that servers pass over or spell their way, and words of errors."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from regene_bench.base.errors import UsageError
from regene_bench.stores.local_store import LocalStore
from regene_bench.stores.opening import open_store
from regene_bench.stores.store import StoreError, check_conditions

obstore = pytest.importorskip("obstore")
KEY, SECRET = "AKIATHATNOBODYMAYSEE", "asecretthatnobodymaysee"


@pytest.fixture
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, and a server that is not there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@pytest.mark.usefixtures("nobody_answers")
def test_a_server_that_does_not_answer_is_told_of_without_keys() -> None:
    with pytest.raises(StoreError) as error:
        open_store("s3://bucket/prefix").put("a", b"x")
    assert "s3://bucket/prefix cannot be written to: there is no answer" in error.value.message
    assert "AWS_ENDPOINT_URL" in error.value.hint
    assert error.value.__suppress_context__
    assert KEY not in str(error.value)
    assert SECRET not in str(error.value)


@pytest.mark.slow
def test_a_server_that_refuses_is_told_of_by_its_code(
    ceph: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = "s3://nobody-made-this-bucket"
    with pytest.raises(StoreError, match="cannot be listed: the server says NoSuchBucket"):
        open_store(bucket).list("")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with pytest.raises(StoreError, match="the server says SignatureDoesNotMatch") as error:
        open_store(ceph).list("")
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "address", ["s3://", "s3:///", "s3://NAME:PASSWORD@bucket/a", "s3://a", "s3:// spaced/a"]
)
def test_what_names_no_bucket_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(UsageError) as error:
        open_store(address)
    assert "PASSWORD" not in str(error.value)
    assert "s3://BUCKET/PREFIX" in error.value.hint


class _PassesOver(LocalStore):
    """A server that knows nothing of conditions."""

    def put_if_absent(self, key: str, content: bytes) -> str | None:
        return self.put(key, content)

    def put_if_unchanged(self, key: str, content: bytes, stamp: str) -> str | None:
        return self.put(key, content)


def test_a_server_that_passes_over_conditions_is_refused(tmp_path: Path) -> None:
    store = _PassesOver(tmp_path)
    with pytest.raises(StoreError, match="does not hold conditions"):
        check_conditions(store)
    assert store.list("") == []
