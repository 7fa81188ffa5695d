"""Archives are pinned by their hash, and appear only when they are whole. No network is needed."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from regene_bench_plugins.datasets.published import download

from regene_bench.base.errors import DataError
from regene_bench.data.download import Archive, fetch


def published(path: Path, content: bytes, *mirrors: str) -> Archive:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return Archive(path.name, (*mirrors, path.as_uri()), sha256)


def tarball(name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = 5
        tar.addfile(member, io.BytesIO(b"hello"))
    return buffer.getvalue()


def test_a_file_is_fetched_and_verified(tmp_path: Path) -> None:
    archive = published(tmp_path / "server" / "a.gz", b"content" * 100_000)
    seen: list[tuple[int, int]] = []
    path = fetch(archive, tmp_path / "here", lambda *event: seen.append(event))
    assert path.read_bytes() == b"content" * 100_000
    assert seen[-1] == (700_000, 700_000)
    assert list(path.parent.iterdir()) == [path]


def test_a_verified_file_is_not_fetched_again(tmp_path: Path) -> None:
    archive = published(tmp_path / "server" / "a.gz", b"content")
    path = fetch(archive, tmp_path / "here")
    (tmp_path / "server" / "a.gz").unlink()
    assert fetch(archive, tmp_path / "here") == path


def test_the_next_mirror_is_tried(tmp_path: Path) -> None:
    gone = (tmp_path / "gone").as_uri()
    other = tmp_path / "server" / "other"
    published(other, b"tampered with")
    archive = published(tmp_path / "server" / "a.gz", b"content", gone, other.as_uri())
    assert fetch(archive, tmp_path / "here").read_bytes() == b"content"


def test_other_content_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    archive = published(tmp_path / "server" / "a.gz", b"content")
    (tmp_path / "server" / "a.gz").write_bytes(b"cont")
    with pytest.raises(DataError, match=r"a\.gz.*\n.*SHA-256"):
        fetch(archive, tmp_path / "here")
    assert list((tmp_path / "here").iterdir()) == []


def test_a_set_appears_only_when_all_its_files_are_there(tmp_path: Path) -> None:
    one = published(tmp_path / "server" / "one.gz", b"1")
    two = published(tmp_path / "server" / "two.gz", b"2")
    (tmp_path / "server" / "two.gz").rename(tmp_path / "away")
    folder = tmp_path / "data" / "set"
    with pytest.raises(DataError, match=r"two\.gz"):
        download((one, two), folder, None)
    assert not folder.exists()
    (tmp_path / "away").rename(tmp_path / "server" / "two.gz")
    (tmp_path / "server" / "one.gz").unlink()  # it was verified before: not needed again
    download((one, two), folder, None)
    assert sorted(path.name for path in folder.iterdir()) == ["one.gz", "two.gz"]


def test_an_archive_is_unpacked(tmp_path: Path) -> None:
    archive = published(tmp_path / "server" / "set.tar.gz", tarball("inner/file"))
    download((archive,), tmp_path / "set", None)
    assert (tmp_path / "set" / "inner" / "file").read_bytes() == b"hello"
    assert not (tmp_path / "set" / "set.tar.gz").exists()


def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    archive = published(tmp_path / "server" / "set.tar.gz", tarball("../../escaped"))
    with pytest.raises(tarfile.TarError):
        download((archive,), tmp_path / "data" / "set", None)
    assert not list(tmp_path.rglob("escaped"))
