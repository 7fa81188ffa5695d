"""Disks that are full, and caches that cannot be written: a clear message, and nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.campaigns import Campaign, Table

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A small file system, and the folder in which it is mounted; skips where that is forbidden."""
    folder = tmp_path / "small"
    folder.mkdir()
    yield folder, tmp_path
    subprocess.run(["umount", str(folder)], check=False, capture_output=True)


def mount(folder: Path, *options: str) -> None:
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no mount here: {error}")
    if done.returncode != 0:
        pytest.skip(f"may not mount a file system: {done.stderr.strip()}")


@pytest.mark.parametrize(
    ("options", "more"),
    [(("size=60k",), ("size=64m",)), (("size=64m", "nr_inodes=16"), ("size=64m", "nr_inodes=0"))],
    ids=["full", "no inodes"],
)
def test_a_disk_that_is_full_ends_in_a_message_and_the_campaign_goes_on(
    options: tuple[str, ...],
    more: tuple[str, ...],
    small_disk: tuple[Path, Path],
    light_protocol: Path,
    misbehaving: Path,
    session_cache: Path,
    undisturbed: dict[str, Table],
) -> None:
    disk, _ = small_disk
    mount(disk, *options)
    campaign = Campaign(disk / "campaign", light_protocol, misbehaving, session_cache)
    ended = campaign.call()
    assert ended.code in (2, 3, 4), ended.err
    assert "No space left on device" in ended.err
    assert "Traceback" not in ended.err
    subprocess.run(["mount", "-o", f"remount,{','.join(more)}", str(disk)], check=True)
    ended = campaign.call()
    assert ended.code == 0, ended.err
    assert campaign.table() == undisturbed["serial"]


def test_a_cache_that_cannot_be_written_costs_no_run(
    small_disk: tuple[Path, Path],
    light_protocol: Path,
    misbehaving: Path,
    session_cache: Path,
    undisturbed: dict[str, Table],
) -> None:
    disk, folder = small_disk
    mount(disk, "size=256m")
    shutil.copytree(session_cache, disk / "cache")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    campaign = Campaign(folder / "campaign", light_protocol, misbehaving, disk / "cache")
    ended = campaign.call()
    assert ended.code == 0, ended.err
    assert campaign.table() == undisturbed["serial"]
