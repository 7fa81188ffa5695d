"""A second file of one run in one folder counts once, or not at all: it is no second seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from regene_bench.leaderboard.aggregate import Statistic
from regene_bench.leaderboard.parts import read_own_part, read_parts, run_states, write_part
from regene_bench.leaderboard.ranking import make_boards
from regene_bench.leaderboard.record import RunRecord
from tests.leaderboard.helpers import record, score

COPY = "aa (conflicted copy 2026-01-02).parquet"


def _copy_of(results: Path, run: RunRecord, name: str = COPY) -> Path:
    """Put another part beside the run's own, as tools that synchronise folders do."""
    own = results / "leaderboard" / run.benchmark / f"{run.run_id}.parquet"
    before = own.read_bytes() if own.exists() else None
    copy = write_part(results, run).rename(own.with_name(name))
    if before is not None:
        own.write_bytes(before)
    return copy


def test_an_equal_copy_folds(tmp_path: Path) -> None:
    run = record("aa", scores=(score("fid", 9.45),))
    write_part(tmp_path, run)
    write_part(tmp_path, record("bb"))
    _copy_of(tmp_path, run)
    table, bad = read_parts(tmp_path)
    assert bad == []
    assert sorted(table["run_id"].to_pylist()) == ["aa", "bb"]
    cell = next(line for line in make_boards(table)[0].lines if line.method == "cgan").cells[0]
    assert isinstance(cell, Statistic)


def test_a_copy_with_another_value_is_named_and_the_run_left_out(tmp_path: Path) -> None:
    run = record("aa", scores=(score("fid", 9.45), score("mae", 1.0)))
    own = write_part(tmp_path, run)
    write_part(tmp_path, record("bb"))
    copy = _copy_of(tmp_path, replace(run, scores=(score("fid", 28.35), score("mae", 1.0))))
    table, bad = read_parts(tmp_path, columns=["value"])
    assert table["value"].to_pylist() == [1.0]
    assert [one.path for one in bad] == [copy]
    assert bad[0].contradicts
    assert f"fid is 28.35, and {own} that it is 9.45" in bad[0].reason
    copy.unlink()  # what the message says to do
    assert len(read_parts(tmp_path)[0]) == 3


def test_a_copy_does_not_have_a_finished_run_done_again(tmp_path: Path) -> None:
    run = record("aa", scores=(score("fid", 9.45),))
    write_part(tmp_path, run)
    _copy_of(tmp_path, replace(run, scores=(score("fid", 28.35),)))
    assert {state.metric for state in run_states(tmp_path, "digits")["aa"]} == {"fid"}
    assert read_own_part(tmp_path, "digits", "aa") == run


def test_scores_that_only_the_copy_has_are_kept(tmp_path: Path) -> None:
    run = record("aa", scores=(score("fid", 9.45),))
    write_part(tmp_path, run)
    _copy_of(tmp_path, replace(run, scores=(score("fid", 9.45), score("kid", 0.5))))
    table, bad = read_parts(tmp_path)
    assert bad == []
    assert dict(zip(table["metric"].to_pylist(), table["value"].to_pylist(), strict=True)) == {
        "fid": 9.45,
        "kid": 0.5,
    }


def test_a_run_that_failed_in_a_copy_has_ended_well(tmp_path: Path) -> None:
    run = record("aa")
    write_part(tmp_path, run)
    _copy_of(tmp_path, replace(run, status="failed", scores=()))
    assert set(read_parts(tmp_path)[0]["status"].to_pylist()) == {"ok"}


@pytest.mark.parametrize("folder", ["digits", "other"])
def test_a_copy_is_found_among_many_and_in_the_cached_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "cache"))
    results = tmp_path / "results"
    for number in range(70):
        write_part(results, record(f"{number:02}"))
    other = record("07", scores=(score("fid", 2.0),))
    target = results / "leaderboard" / folder / "zz.parquet"
    target.parent.mkdir(exist_ok=True)
    _copy_of(results, other).rename(target)
    for _ in range(2):
        table, bad = read_parts(results)
        assert len(table) == 69
        assert [one.path for one in bad] == [target]
