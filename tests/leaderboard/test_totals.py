"""Boards of totals come from one small file the second time, and are never out of date."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch

import pytest

from regene_bench.harness.compaction import compact
from regene_bench.leaderboard import totals
from regene_bench.leaderboard.parts import read_parts, write_part
from regene_bench.leaderboard.places import part_path
from regene_bench.leaderboard.ranking import make_boards
from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.totals import read_totals
from tests.leaderboard.helpers import record, score

MANY = 70


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "results"
    for number in range(MANY):
        write_part(folder, _run(number))
    return folder


def _run(number: int, value: float | None = None) -> RunRecord:
    total = score("mae", float(number) if value is None else value)
    classes = tuple(score("mae", 1.0, class_name=name) for name in "ab")
    # of some runs there are no totals, and some have failed
    scores = (*classes, total) if number % 5 else classes
    status = "failed" if number % 7 == 3 else "ok"
    params = {"width": number % 4}
    return record(f"{number:04}", seed=number, scores=scores, status=status, params=params)


def _answers_as_parts_do(results: Path) -> None:
    table, bad = read_totals(results)
    every, of_parts = read_parts(results)
    assert make_boards(table) == make_boards(every)
    assert bad == of_parts


def test_boards_are_those_of_all_rows_and_no_part_is_looked_at_again(results: Path) -> None:
    _answers_as_parts_do(results)
    with patch.object(totals, "read_parts", side_effect=AssertionError):
        again, bad = read_totals(results)
    assert bad == []
    assert len(again) < 0.7 * len(read_parts(results)[0])
    _answers_as_parts_do(results)


def test_a_new_part_a_changed_one_and_a_removed_one_are_seen(results: Path) -> None:
    read_totals(results)
    for change in (
        lambda: write_part(results, _run(99)),
        lambda: write_part(results, _run(4, -1.0)),
        lambda: part_path(results, "digits", "0008").unlink(),
        lambda: write_part(results, record("aa", benchmark="letters")),
    ):
        change()
        _answers_as_parts_do(results)
        _answers_as_parts_do(results)


def test_a_part_replaced_by_one_of_the_same_size_and_time_is_seen(results: Path) -> None:
    read_totals(results)
    path = part_path(results, "digits", "0006")
    before = path.stat()
    write_part(results, _run(6, 5.0))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    _answers_as_parts_do(results)


def test_a_bad_part_is_named_every_time(results: Path) -> None:
    torn = part_path(results, "digits", "0001")
    torn.write_bytes(torn.read_bytes()[:100])
    for _ in range(2):
        assert [part.path for part in read_totals(results)[1]] == [torn]


def test_links_are_followed_by_nothing_but_the_reading_of_parts(
    results: Path, tmp_path: Path
) -> None:
    outside = write_part(tmp_path / "elsewhere", record("ab"))
    (results / "leaderboard" / "digits" / "ab.parquet").symlink_to(outside)
    (results / "leaderboard" / "linked").symlink_to(outside.parent)
    for _ in range(2):
        assert len(read_totals(results)[1]) == 2
    _answers_as_parts_do(results)


def test_a_damaged_file_is_made_again(results: Path, tmp_path: Path) -> None:
    wanted = read_totals(results)[0]
    for path in (tmp_path / "cache" / "leaderboards").glob("*.arrow"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    assert read_totals(results)[0].equals(wanted)


def test_another_folder_has_its_own(results: Path, tmp_path: Path) -> None:
    read_totals(results)
    other = tmp_path / "other"
    results.rename(other)
    for number in range(MANY):
        write_part(results, _run(number, 3.0))
    _answers_as_parts_do(results)
    _answers_as_parts_do(other)


def test_few_files_of_many_runs_are_kept_too(results: Path) -> None:
    compact(results, "digits")
    _answers_as_parts_do(results)
    with patch.object(totals, "read_parts", side_effect=AssertionError):
        read_totals(results)
    _answers_as_parts_do(results)


def test_few_parts_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "cache"))
    write_part(tmp_path / "results", record())
    assert len(read_totals(tmp_path / "results")[0]) == 1
    assert len(read_totals(tmp_path / "nothing there")[0]) == 0
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_is_a_link_to_elsewhere_shows_nothing_of_there(
    results: Path, tmp_path: Path
) -> None:
    read_totals(results)
    received = tmp_path / "received"
    received.mkdir()
    (received / "leaderboard").symlink_to(results / "leaderboard")
    table, bad = read_totals(received)
    assert len(table) == 0
    assert len(bad) == MANY


def test_a_folder_that_changes_while_it_is_looked_at_is_not_known_again(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(part: os.DirEntry[str]) -> bytes:
        raise FileNotFoundError(part.path)

    monkeypatch.setattr(totals, "_known_by", gone)
    assert totals._state_of(results / "leaderboard") is None
    _answers_as_parts_do(results)


def test_what_another_version_kept_is_not_taken(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = totals._state_of(results / "leaderboard")
    monkeypatch.setattr(totals, "_MADE_BY", b"2/4/run_id")
    assert totals._state_of(results / "leaderboard") not in (None, before)
