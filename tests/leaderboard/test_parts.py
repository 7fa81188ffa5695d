"""Parts are there whole or not at all, and nothing foreign stops the reading."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regene_bench.base.errors import ResultsError, UsageError
from regene_bench.leaderboard import one_run, parts
from regene_bench.leaderboard.parts import ScoreState
from regene_bench.leaderboard.reading import joined, joined_in_place
from regene_bench.leaderboard.row_columns import SCHEMA_VERSION
from regene_bench.leaderboard.schema import SCHEMA
from tests.leaderboard.helpers import record, score


def test_written_and_read_back(tmp_path: Path) -> None:
    run = record(scores=(score(), score("mae", 0.5, class_name="7")))
    path = parts.write_part(tmp_path, run)
    assert path == tmp_path / "leaderboard" / "digits" / "0123456789abcdef.parquet"
    table, bad = parts.read_parts(tmp_path)
    assert bad == []
    assert table.schema.equals(SCHEMA)
    assert table.num_rows == 2
    assert one_run.read_run(tmp_path, "0123") == run


def test_joined_in_place_is_joined(tmp_path: Path) -> None:
    for name in "abc":
        parts.write_part(tmp_path / name, record(name * 16, method=name, scores=(score(name),)))
    tables = [SCHEMA.empty_table(), *(parts.read_parts(tmp_path / name)[0] for name in "abc")]
    expected = joined(tables)
    assert joined_in_place(tables).equals(expected)
    assert tables == []
    nothing = joined_in_place([SCHEMA.empty_table()])
    assert nothing.num_rows == 0
    assert nothing.schema.equals(SCHEMA)


def test_no_results_are_an_empty_table(tmp_path: Path) -> None:
    table, bad = parts.read_parts(tmp_path / "nowhere")
    assert (table.num_rows, bad) == (0, [])
    assert table.schema.equals(SCHEMA)


def test_a_second_write_replaces_the_first(tmp_path: Path) -> None:
    parts.write_part(tmp_path, record(status="failed", scores=()))
    failed = ScoreState(None, "failed")
    assert parts.run_states(tmp_path, "digits") == {"0123456789abcdef": {failed}}
    parts.write_part(tmp_path, record())
    states = parts.run_states(tmp_path, "digits")["0123456789abcdef"]
    assert "failed" not in {state.status for state in states}


def test_run_states_tell_what_became_of_each_score(tmp_path: Path) -> None:
    unavailable = score("fid", status="unavailable", value=None, error_message="no weights")
    failed_score = score("mae", status="failed", value=None)
    good = score("kid", extractor_id="net", reference_split="test")
    parts.write_part(tmp_path, record("aa", scores=(unavailable, failed_score, good)))
    parts.write_part(tmp_path, record("bb", status="failed", scores=()))
    parts.write_part(tmp_path, record("cc", scores=()))
    parts.write_part(tmp_path, record("dd", benchmark="mnist"))
    assert parts.run_states(tmp_path, "digits") == {
        "aa": {
            ScoreState("fid", "unavailable", unavailable.extractor_id, unavailable.reference_split),
            ScoreState("mae", "failed", failed_score.extractor_id, failed_score.reference_split),
            ScoreState("kid", "ok", "net", "test"),
        },
        "bb": {ScoreState(None, "failed")},
        "cc": {ScoreState(None, "ok")},
    }


def _torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _torn_at_the_front(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(len(content) // 3) + content[4 + len(content) // 3 :])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _foreign(path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 2]}), path)


def _text(path: Path) -> None:
    path.write_text("run_id,method\n")


def _of_version(path: Path, version: int, without: tuple[str, ...] = ()) -> None:
    table = pq.read_table(path)
    versions = pa.array([version] * table.num_rows, pa.int32())
    table = table.set_column(0, "schema_version", versions).replace_schema_metadata()
    pq.write_table(table.drop_columns(list(without)), path)


def _newer(path: Path) -> None:
    _of_version(path, 99)


def _ancient(path: Path) -> None:
    _of_version(path, 0)


def _without_ids(path: Path) -> None:
    frame = pandas.read_parquet(path)
    frame["run_id"] = None
    frame.to_parquet(path)


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def test_rows_of_an_older_version_are_brought_to_the_newest(tmp_path: Path) -> None:
    run = record(scores=(score("accuracy", 0.5, ci_low=0.4, ci_high=0.6),))
    path = parts.write_part(tmp_path, run)
    _of_version(path, 1, without=("ci_low", "ci_high", "trained_together"))
    table, bad = parts.read_parts(tmp_path)
    assert bad == []
    assert table.schema.equals(SCHEMA)
    assert table["schema_version"].unique().to_pylist() == [SCHEMA_VERSION]
    assert table["ci_low"].to_pylist() == [None]
    assert table["trained_together"].to_pylist() == [None]
    assert one_run.read_run(tmp_path, run.run_id).scores == (score("accuracy", 0.5),)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_torn, "not a readable"),
        (_torn_at_the_front, "damaged"),
        (_empty, "empty"),
        (_foreign, "lacks the columns"),
        (_text, "not a readable"),
        (_newer, "99 is newer"),
        (_ancient, "0 is older"),
        (_without_ids, "run_id is missing"),
        (_a_folder, "not a readable"),
    ],
)
def test_a_bad_part_is_named_skipped_and_kept(
    tmp_path: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    parts.write_part(tmp_path, record("aa"))
    path = parts.write_part(tmp_path, record("bb", scores=tuple(score(f"m{i}") for i in range(99))))
    parts.write_part(tmp_path, record("cc"))
    spoil(path)
    size = path.stat().st_size
    table, bad = parts.read_parts(tmp_path)
    assert set(table["run_id"].to_pylist()) == {"aa", "cc"}
    assert [part.path for part in bad] == [path]
    assert reason in bad[0].reason
    assert path.stat().st_size == size
    assert set(parts.run_states(tmp_path, "digits")) == {"aa", "cc"}


def test_a_part_that_another_tool_rewrote_is_read(tmp_path: Path) -> None:
    path = parts.write_part(tmp_path, record())
    polars.read_parquet(path).write_parquet(path)
    table, bad = parts.read_parts(tmp_path)
    assert bad == []
    assert table.schema.equals(SCHEMA)
    assert one_run.read_run(tmp_path, "0123") == record()


def test_leftover_temporary_files_are_not_read(tmp_path: Path) -> None:
    path = parts.write_part(tmp_path, record())
    path.with_name(".bb.123.tmp").write_bytes(b"half")
    path.with_name(".bb.parquet").write_bytes(b"half")
    table, bad = parts.read_parts(tmp_path)
    assert (table.num_rows, bad) == (1, [])


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "`regene-bench clean --checkpoints`"),
        (errno.EACCES, "another folder"),
        (errno.EIO, "Check the disk"),
    ],
)
def test_a_write_that_fails_leaves_nothing_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, hint: str
) -> None:
    before = parts.write_part(tmp_path, record()).read_bytes()

    def fail(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ResultsError) as caught:
        parts.write_part(tmp_path, record(seed=7))
    assert hint in caught.value.hint
    assert "--results" not in caught.value.hint  # merge, publish git and reproduce have other words
    files = list((tmp_path / "leaderboard" / "digits").iterdir())
    assert [f.read_bytes() for f in files] == [before]


def test_a_results_folder_that_is_a_file(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.write_text("")
    for write in (
        lambda: parts.check_writable(results),
        lambda: parts.write_part(results, record()),
    ):
        with pytest.raises(ResultsError, match="give another folder"):
            write()


def test_a_writable_folder_is_made_and_left_clean(tmp_path: Path) -> None:
    parts.check_writable(tmp_path / "new" / "results")
    assert list((tmp_path / "new" / "results" / "leaderboard").iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a\\b", "C:"])
def test_names_do_not_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ResultsError, match="name of a file"):
        parts.write_part(tmp_path, record(benchmark=name))


def test_parallel_writers_do_not_meet(tmp_path: Path) -> None:
    def write(worker: int) -> None:
        for i in range(5):
            parts.write_part(tmp_path, record(f"{worker}-{i}"))
            parts.write_part(tmp_path, record("shared", seed=worker))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    table, bad = parts.read_parts(tmp_path)
    assert (table.num_rows, bad) == (21, [])


def test_run_ids_by_prefix(tmp_path: Path) -> None:
    for run_id in ("abc1", "abc2", "abc"):
        parts.write_part(tmp_path, record(run_id))
    assert one_run.read_run(tmp_path, "abc1").run_id == "abc1"
    assert one_run.read_run(tmp_path, "abc").run_id == "abc"
    with pytest.raises(UsageError, match="3 runs begin"):
        one_run.read_run(tmp_path, "ab")
    with pytest.raises(UsageError, match="no run 'x'"):
        one_run.read_run(tmp_path, "x")


def test_pandas_polars_and_duckdb_read_the_parts_with_one_line(tmp_path: Path) -> None:
    for run_id in ("aa", "bb"):
        parts.write_part(tmp_path, record(run_id))
    folder = tmp_path / "leaderboard" / "digits"
    frames = (
        pandas.read_parquet(folder),
        polars.read_parquet(folder / "*.parquet").to_pandas(),
        duckdb.sql(f"select * from '{folder}/*.parquet'").df(),
    )
    for frame in frames:
        assert list(frame.columns) == SCHEMA.names
        assert sorted(frame["run_id"]) == ["aa", "bb"]
        assert list(frame["value"]) == [1.0, 1.0]


def test_one_run_is_read_from_its_own_part_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"{number:016x}" for number in (1, 2, 0xABC << 52)]
    for run_id in ids:
        parts.write_part(tmp_path, record(run_id))
    read = parts.read_parts
    monkeypatch.setattr(parts, "read_parts", None)
    assert one_run.read_run(tmp_path, ids[1]).run_id == ids[1]
    assert one_run.read_run(tmp_path, "abc").run_id == ids[2]
    # a file of another name may hold any run
    (tmp_path / "leaderboard" / "digits" / "many.parquet").write_bytes(b"")
    monkeypatch.setattr(parts, "read_parts", read)
    assert one_run.read_run(tmp_path, "abc").run_id == ids[2]
    with pytest.raises(UsageError, match="no run ''"):
        one_run.read_run(tmp_path, "")
