"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from regene_bench.base import files
from regene_bench.base.files import (
    stays_inside,
    sweep_abandoned,
    whole_file,
    whole_folder,
    write_atomically,
)


def test_a_kill_before_the_rename_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def interrupted(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_synced_before_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("sync"), fsync(handle))[1])
    monkeypatch.setattr(
        Path, "replace", lambda self, target: (order.append("rename"), replace(self, target))[1]
    )
    write_atomically(tmp_path / "file", b"content")
    assert order == ["sync", "rename"]
    assert (tmp_path / "file").read_bytes() == b"content"


def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail() -> None:
        with whole_file(path) as file:
            file.write(b"ne")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_sees_the_old_file_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with whole_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("synced", [True, False])
def test_a_cache_need_not_wait_for_the_disk(
    synced: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(os, "fsync", calls.append)
    with whole_file(tmp_path / "file", synced=synced) as file:
        file.write(b"content")
    assert len(calls) == synced


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_files_and_folders_have_the_permissions_of_any_new_one(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "file", b"content")
        with whole_folder(tmp_path / "folder"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750


def test_a_folder_is_there_when_the_block_ends_and_those_above_it_are_made(tmp_path: Path) -> None:
    path = tmp_path / "above" / "folder"
    with whole_folder(path) as folder:
        (folder / "file").write_bytes(b"content")
        assert not path.exists()
    assert (path / "file").read_bytes() == b"content"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_while_filling_a_folder_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with whole_folder(tmp_path / "new") as folder:
            (folder / "file").write_bytes(b"half")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_replaced_only_if_asked(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_bytes(b"old")
    with pytest.raises(FileExistsError, match="there already"), whole_folder(path):
        pass
    assert [file.name for file in path.iterdir()] == ["old"]
    with whole_folder(path, replace=True) as folder:
        (folder / "new").write_bytes(b"new")
    assert [file.name for file in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_folder_comes_back_if_the_new_one_cannot_be_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rename = tmp_path / "folder", Path.rename
    path.mkdir()
    (path / "old").write_bytes(b"old")

    def refuses_the_new_one(self: Path, target: Path) -> Path:
        if target == path and not (self / "old").exists():
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuses_the_new_one)
    with pytest.raises(PermissionError), whole_folder(path, replace=True):
        pass
    assert [file.name for file in path.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [path]


def _aged(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_what_is_being_written_is_not_swept_however_old_it_is(tmp_path: Path) -> None:
    with whole_file(tmp_path / "file") as file, whole_folder(tmp_path / "folder") as folder:
        file.write(b"half")
        file.flush()
        for left in tmp_path.glob("*.tmp"):
            _aged(left, 3600)
        sweep_abandoned(tmp_path)
        assert folder.is_dir()
    assert (tmp_path / "file").read_bytes() == b"half"


def test_what_a_killed_process_left_is_swept_a_minute_later(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from regene_bench.base.files import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "file")], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    sweep_abandoned(tmp_path)
    assert left.exists()  # it may be a writer that has not come to hold it yet
    _aged(left, 120)
    sweep_abandoned(tmp_path)
    assert not left.exists()


def test_a_file_system_without_locks_keeps_what_is_no_day_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "fcntl", None)
    old, new = tmp_path / ".a.x.tmp", tmp_path / ".a.y.tmp"
    for path, hours in ((old, 25), (new, 23)):
        path.write_bytes(b"half")
        _aged(path, hours * 3600)
    sweep_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == [new]


def test_links_lead_out_or_stay_inside(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    for folder in (root / "real", elsewhere):
        folder.mkdir(parents=True)
    (root / "inner").symlink_to(root / "real")
    (root / "outer").symlink_to(elsewhere)
    (root / "circle").symlink_to(root / "circle")
    (tmp_path / "link").symlink_to(root)
    assert stays_inside(root / "real" / "file", root)
    assert stays_inside(root / "inner" / "file", root)
    assert stays_inside(root / "real", tmp_path / "link")
    assert not stays_inside(root / "outer" / "file", root)
    assert not stays_inside(root / ".." / "elsewhere", root)
    assert not stays_inside(root / "circle", elsewhere)


def test_only_what_was_abandoned_long_ago_is_swept(tmp_path: Path) -> None:
    old_file, old_folder = tmp_path / ".a.x.tmp", tmp_path / ".b.x.tmp"
    young, others = tmp_path / ".a.y.tmp", tmp_path / "a.tmp"
    old_folder.mkdir()
    (old_folder / "content").write_bytes(b"half")
    for path in (old_file, young, others):
        path.write_bytes(b"half")
    for path in (old_file, old_folder, others):
        os.utime(path, (0, 0))
    sweep_abandoned(tmp_path, "a")
    assert set(tmp_path.iterdir()) == {old_folder, young, others}
    sweep_abandoned(tmp_path)
    assert set(tmp_path.iterdir()) == {young, others}
    sweep_abandoned(tmp_path / "nowhere")


def test_a_folder_that_another_process_puts_there_first_stays_and_nothing_else_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "entry"
    (path / "old").mkdir(parents=True)
    rename = Path.rename

    def quicker(self: Path, target: Path) -> Path:
        if target == path and not path.exists():
            (path / "theirs").mkdir(parents=True)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", quicker)
    with pytest.raises(OSError, match="entry"), whole_folder(path, replace=True) as folder:
        (folder / "ours").mkdir()
    assert [found.name for found in tmp_path.rglob("*")] == ["entry", "theirs"]
