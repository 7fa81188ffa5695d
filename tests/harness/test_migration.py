"""Files of older versions are written anew under today's schema, and no answer changes."""

from __future__ import annotations

from pathlib import Path

import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regene_bench.base.errors import Interrupted
from regene_bench.base.events import Event, Message
from regene_bench.harness import migration
from regene_bench.harness.campaign import _bring_up_to_date
from regene_bench.harness.compaction import compact
from regene_bench.harness.migration import migrate
from regene_bench.harness.run_folders import LOCK, run_folder
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.part_file import read_pages
from regene_bench.leaderboard.parts import read_parts, write_part
from regene_bench.leaderboard.places import part_files
from regene_bench.leaderboard.schema import PLAIN_SCHEMA, SCHEMA
from regene_bench.leaderboard.seal import is_sealed, read_sealed
from regene_bench.runtime.locks import held_if_free
from regene_bench.runtime.stop import StopRequest
from tests.harness.file_events import killed_before
from tests.leaderboard.helpers import as_of_version, record, score

SEED = 2**53 + 1  # which is no float


def _id(number: int) -> str:
    return f"{number:02x}" * 8


@pytest.fixture
def results(tmp_path: Path, own_cache: Path) -> Path:
    """Six runs: two of today, four of older versions, of which one comes first by its name."""
    for number in range(6):
        scores = (score("fid", number + 0.1), score("mae", 1 / (number + 3)))
        path = write_part(tmp_path, record(_id(number), seed=SEED + number, scores=scores))
        if number not in (1, 4):
            as_of_version(path, 1 + number % 2)
    return tmp_path


def _rows(results: Path) -> list[dict[str, object]]:
    table, bad = read_parts(results)
    assert bad == []
    rows: list[dict[str, object]] = table.to_pylist()
    return rows


def _plain(path: Path) -> bool:
    with pq.ParquetFile(path) as file:
        return bool(file.schema_arrow.types == PLAIN_SCHEMA.types)


def test_every_file_has_one_schema_and_no_value_changes(results: Path) -> None:
    before = _rows(results)
    new = {path: path.read_bytes() for path in part_files(results) if _plain(path)}
    done = migrate(results, "digits")
    assert (done.files, done.rewritten, done.left) == (6, 4, ())
    assert _rows(results) == before
    assert all(_plain(path) and is_sealed(path) for path in part_files(results))
    assert {path: path.read_bytes() for path in new} == new
    assert migrate(results, "digits").rewritten == 0


def test_a_tool_that_takes_one_files_columns_for_all_sees_every_column(results: Path) -> None:
    pattern = str(results / "leaderboard/digits/*.parquet")
    with pytest.raises(polars.exceptions.PolarsError):
        polars.read_parquet(pattern)
    migrate(results, "digits")
    frame = polars.read_parquet(pattern)
    assert frame["ci_low"].dtype == polars.Float64
    assert sorted(frame["seed"].unique()) == [SEED + number for number in range(6)]


def test_killed_before_any_file_event_every_run_is_there(results: Path) -> None:
    before = _rows(results)
    killed = 0
    for number in range(1, 30):
        killed += killed_before(number, lambda: migrate(results, "digits"))
        assert _rows(results) == before, number
    assert killed >= 4
    assert all(_plain(path) for path in part_files(results))


def test_the_part_of_a_run_that_another_call_is_at_work_on_stays(results: Path) -> None:
    part = results / f"leaderboard/digits/{_id(2)}.parquet"
    content = part.read_bytes()
    with held_if_free(run_folder(results, _id(2)) / LOCK) as held:
        assert held
        done = migrate(results, "digits")
    assert (done.rewritten, done.busy) == (3, 1)
    assert part.read_bytes() == content


def test_what_cannot_be_read_is_named_and_left(results: Path) -> None:
    damaged, newer = (results / f"leaderboard/digits/{_id(number)}.parquet" for number in (0, 2))
    damaged.write_bytes(damaged.read_bytes()[:99])
    table = pq.read_table(newer)
    versions = pa.array([99] * len(table), pa.int32())
    pq.write_table(table.set_column(0, "schema_version", versions), newer)
    kept = damaged.read_bytes(), newer.read_bytes()
    done = migrate(results, "digits")
    assert [part.path for part in done.left] == [damaged, newer]
    assert (damaged.read_bytes(), newer.read_bytes()) == kept


def test_a_file_of_many_runs_is_written_anew_under_the_name_of_its_content(results: Path) -> None:
    compact(results, "digits")
    before = _rows(results)
    (many,) = part_files(results)
    as_of_version(many, 2)
    assert migrate(results, "digits").rewritten == 1
    assert _rows(results) == before
    (again,) = part_files(results)
    assert _plain(again)
    compact(results, "digits")
    assert part_files(results) == [again]


def test_run_does_it_first_and_goes_on_where_it_cannot(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[Event] = []
    with monkeypatch.context() as patch:
        patch.setattr("regene_bench.harness.rewriting._WAIT_SECONDS", 0.0)
        with held_if_free(results / "leaderboard/digits/.compacting.lock"):
            _bring_up_to_date(results, events.append, StopRequest())
    _bring_up_to_date(results, events.append, StopRequest())
    _bring_up_to_date(results, events.append, StopRequest())
    told = [(e.level, e.text) for e in events if isinstance(e, Message)]
    assert [level for level, _ in told] == ["warning", "info"]
    assert "Another call is at work" in told[0][1]
    assert told[1][1] == "digits: 4 files of older versions written anew"
    assert migration.migrate(results, "digits").rewritten == 0


def test_a_stop_is_heeded_between_two_files(results: Path) -> None:
    before = _rows(results)
    stop = StopRequest()
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        if len(events) == 2:
            stop.ask("enough")

    with pytest.raises(Interrupted):
        _bring_up_to_date(results, emit, stop)
    assert sum(_plain(path) for path in part_files(results)) == 4  # of which three were before
    assert _rows(results) == before


def test_rows_of_many_runs_are_sorted_as_the_files_name_says(results: Path) -> None:
    """Which other programs may not have done; runs are looked for by that name."""
    compact(results, "digits")
    (path,) = part_files(results)
    table = read_pages(read_sealed(path))
    older = table.drop_columns(["trained_together"]).take(list(reversed(range(len(table)))))
    version = older.column_names.index("schema_version")
    older = older.set_column(version, "schema_version", pa.array([2] * len(older), pa.int32()))
    pq.write_table(older, path)
    assert migrate(results, "digits").rewritten == 1
    assert [read_run(results, _id(number)).seed for number in range(6)] == [
        SEED + number for number in range(6)
    ]
    (path,) = part_files(results)
    pq.write_table(table.slice(0, 0).cast(SCHEMA), path)  # no rows, no name for a file of them
    assert migrate(results, "digits").left == ()
