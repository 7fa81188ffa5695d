"""Parts are folded into few files, whatever happens meanwhile, and no answer changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pytest

from regene_bench.base.errors import ResultsError
from regene_bench.harness import compaction, rewriting
from regene_bench.harness.compaction import compact, is_in_compacted, take_out
from regene_bench.harness.run_folders import LOCK, run_folder
from regene_bench.harness.verification import look_at_results
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.part_file import Kind, part_bytes
from regene_bench.leaderboard.parts import read_own_part, read_parts, run_states, write_part
from regene_bench.leaderboard.places import part_files, part_path
from regene_bench.leaderboard.reading import read_anew
from regene_bench.leaderboard.record import RunRecord
from regene_bench.runtime.locks import held_if_free
from tests.harness.file_events import killed_before
from tests.leaderboard.helpers import record, score

RUNS = 12


def _id(number: int) -> str:
    return f"{number:02x}" * 8


def _run(number: int, value: float | None = None) -> RunRecord:
    own = float(number) if value is None else value
    return record(_id(number), seed=number, scores=(score("fid", own), score("mae", own / 3)))


@pytest.fixture
def results(tmp_path: Path, own_cache: Path) -> Path:
    folder = tmp_path / "results"
    for number in range(RUNS):
        write_part(folder, _run(number))
    return folder


@pytest.fixture(autouse=True)
def few_runs_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_RUNS_A_FILE", 5)


def _table(results: Path) -> pa.Table:
    table, bad = read_parts(results)
    assert bad == []
    return table


def _same(first: pa.Table, second: pa.Table) -> bool:
    return bool(first.to_pylist() == second.to_pylist())


def test_the_rows_are_the_same_in_the_same_order(results: Path) -> None:
    before = _table(results)
    done = compact(results, "digits")
    assert (done.runs, done.before, done.after) == (RUNS, RUNS, 3)
    assert _same(_table(results), before)
    assert compact(results, "digits").runs in (0, 2)  # the last file has room
    assert _same(_table(results), before)


def test_a_run_is_found_by_the_beginning_of_its_id(results: Path) -> None:
    compact(results, "digits")
    assert read_run(results, _id(7)[:3]) == _run(7)
    assert read_own_part(results, "digits", _id(11)) == _run(11)
    assert set(run_states(results, "digits")) == {_id(n) for n in range(RUNS)}


def test_a_repeated_run_counts_and_is_folded_in_again(results: Path) -> None:
    compact(results, "digits")
    write_part(results, _run(3, 30.0))
    write_part(results, _run(40))
    wanted = {_id(n): float(n) for n in (*range(RUNS), 40)} | {_id(3): 30.0}
    for _ in range(3):
        table = _table(results)
        rows = zip(table["run_id"].to_pylist(), table["metric"].to_pylist(), strict=True)
        values = dict(zip(rows, table["value"].to_pylist(), strict=True))
        assert {run: values[run, "fid"] for run in wanted} == wanted
        assert table["run_id"].to_pylist() == sorted(table["run_id"].to_pylist())
        assert read_run(results, _id(3)) == _run(3, 30.0)
        compact(results, "digits")
    assert not part_path(results, "digits", _id(3)).exists()


def test_runs_repeated_across_several_files_count_once(results: Path) -> None:
    compact(results, "digits")
    repeated = range(3, 13)  # of each file some; five are folded at a time
    for number in repeated:
        write_part(results, _run(number, 100.0 + number))
    wanted = _table(results)
    compact(results, "digits")
    assert _same(_table(results), wanted)
    assert [read_run(results, _id(n)) for n in repeated] == [_run(n, 100.0 + n) for n in repeated]
    assert not any(part_path(results, "digits", _id(n)).exists() for n in repeated)


def test_no_more_is_read_at_once_than_one_file_holds(results: Path) -> None:
    read: list[int] = []

    def counted(paths: Sequence[Path]) -> object:
        read.append(len(paths))
        return read_anew(paths)

    with patch.object(compaction, "read_anew", counted):
        assert compact(results, "digits").after == 3
    assert max(read) == 5


@pytest.mark.parametrize("repeated", [False, True])
def test_killed_before_any_file_event_the_answers_are_the_same(
    results: Path, repeated: bool
) -> None:
    if repeated:
        compact(results, "digits")
        for number in (3, 9):
            write_part(results, _run(number, number + 100.0))
    before = _table(results).to_pylist()
    killed = 0
    for number in range(1, 60):
        killed += killed_before(number, lambda: compact(results, "digits"))
        assert _table(results).to_pylist() == before, number
    assert killed >= (8 if repeated else 10)
    compact(results, "digits")
    assert _table(results).to_pylist() == before
    assert len(part_files(results)) <= 5


def test_two_files_of_many_runs_that_have_a_run_alike_fold(results: Path) -> None:
    before = _table(results).to_pylist()
    kept = {path: path.read_bytes() for path in part_files(results)}
    compact(results, "digits")
    first = {path: path.read_bytes() for path in part_files(results)}
    for path, content in list(kept.items())[:2]:
        path.write_bytes(content)
    compact(results, "digits")
    for path, content in first.items():
        path.write_bytes(content)
    assert _table(results).to_pylist() == before


def test_a_copy_that_contradicts_is_named_as_it_was(results: Path) -> None:
    own = part_path(results, "digits", _id(2))
    content = own.read_bytes()
    copy = write_part(results, _run(2, 77.0)).rename(own.with_name("copy.parquet"))
    own.write_bytes(content)
    compact(results, "digits")
    table, bad = read_parts(results)
    assert _id(2) not in table["run_id"].to_pylist()
    assert [one.path for one in bad] == [copy]
    assert _id(2) in run_states(results, "digits")
    copy.unlink()
    assert read_run(results, _id(2)) == _run(2)


def test_a_damaged_file_of_many_runs_is_named_and_its_runs_are_to_be_done(results: Path) -> None:
    compact(results, "digits")
    path = part_files(results)[0]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 8
    path.write_bytes(content)
    _, bad = read_parts(results)
    assert [(one.path, one.reason) for one in bad] == [
        (path, "damaged: its bytes are not those that were written")
    ]
    assert [one.path for one in look_at_results(results) if one.damage] == [path]
    assert set(run_states(results, "digits")) == {_id(n) for n in range(5, RUNS)}
    assert read_own_part(results, "digits", _id(0)) is None
    compact(results, "digits")
    assert path.exists()


def test_parts_that_are_damaged_or_of_another_run_are_left(results: Path) -> None:
    damaged, foreign = (part_path(results, "digits", _id(n)) for n in (4, 5))
    damaged.write_bytes(damaged.read_bytes()[:99])
    write_part(results, _run(60)).rename(foreign)
    done = compact(results, "digits")
    assert {part.path for part in done.left} == {damaged, foreign}
    assert damaged.exists()
    assert foreign.exists()


def test_the_part_of_a_run_that_another_call_is_at_work_on_stays(results: Path) -> None:
    before = _table(results).to_pylist()
    with held_if_free(run_folder(results, _id(6)) / LOCK) as held:
        assert held
        compact(results, "digits")
    assert part_path(results, "digits", _id(6)).exists()
    assert _table(results).to_pylist() == before


def test_a_part_that_was_written_meanwhile_stays(results: Path) -> None:
    real = compaction._write_all

    def write_all(folder: Path, table: pa.Table) -> object:
        found = real(folder, table)
        write_part(results, _run(6, 66.0))
        return found

    with patch.object(compaction, "_write_all", write_all):
        compact(results, "digits")
    assert read_run(results, _id(6)) == _run(6, 66.0)


def test_what_was_not_read_as_it_was_written_removes_nothing(results: Path) -> None:
    def other(table: pa.Table, kind: Kind = "one run") -> bytes:
        return part_bytes(table.slice(1), kind)

    before = _table(results).to_pylist()
    with (
        patch.object(rewriting, "part_bytes", other),
        pytest.raises(ResultsError, match="nothing was removed"),
    ):
        compact(results, "digits")
    assert len(part_files(results)) == RUNS
    assert _table(results).to_pylist() == before


def test_a_failed_run_is_taken_out(results: Path) -> None:
    write_part(results, replace(_run(8), status="failed", error_type="E", scores=()))
    compact(results, "digits")
    assert is_in_compacted(results, "digits", _id(8))
    take_out(results, "digits", _id(8))
    assert not is_in_compacted(results, "digits", _id(8))
    assert set(_table(results)["run_id"].to_pylist()) == {_id(n) for n in range(RUNS) if n != 8}
