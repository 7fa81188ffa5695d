"""Several leaderboards as one: the same folds, more is kept, contradictions are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regene_bench.base.errors import ResultsError
from regene_bench.leaderboard.merge import Merged, Source, merge, read_source, records
from regene_bench.leaderboard.parts import write_part
from regene_bench.leaderboard.record import RunRecord, ScoreRow
from tests.leaderboard.helpers import EXTRACTOR, record, score


def sources(folder: Path, *several: list[RunRecord]) -> list[Source]:
    read = []
    for number, runs in enumerate(several):
        for run in runs:
            write_part(folder / str(number), run)
        read.append(read_source(folder / str(number)))
    return read


def by_id(merged: Merged) -> dict[str, RunRecord]:
    return {run.run_id: run for run in records(merged.table)}


def one_run(folder: Path, first: list[ScoreRow], second: list[ScoreRow], **options: Any) -> Merged:
    runs = [[record("x", scores=tuple(scores))] for scores in (first, second)]
    return merge(sources(folder, *runs), **options)


def test_different_runs_all_stand_and_are_what_they_were(tmp_path: Path) -> None:
    first, second = record("a"), record("b", benchmark="mnist", scores=())
    merged = merge(sources(tmp_path, [first], [second]))
    assert by_id(merged) == {"a": first, "b": second}
    assert merged.folded == merged.conflicts == ()


def test_the_same_run_folds(tmp_path: Path) -> None:
    merged = one_run(tmp_path, [score()], [score()])
    assert merged.folded == ("x",)
    assert by_id(merged) == {"x": record("x")}


def test_values_within_the_tolerance_fold_into_the_first(tmp_path: Path) -> None:
    merged = one_run(tmp_path, [score(value=100.0)], [score(value=100.05)])
    assert [s.value for s in by_id(merged)["x"].scores] == [100.0]


def test_values_beyond_it_are_listed_and_never_averaged(tmp_path: Path) -> None:
    first = [score(value=100.0), score("mae", 1.0)]
    second = [score(value=101.0), score("mae", 1.0)]
    merged = one_run(tmp_path, first, second)
    assert by_id(merged) == {}
    (conflict,) = merged.conflicts
    assert (conflict.run_id, conflict.metric) == ("x", "fid")
    assert (conflict.first, conflict.second) == (100.0, 101.0)
    assert conflict.first_path == tmp_path / "0"
    wider = one_run(tmp_path, first, second, tolerance=0.02)
    assert by_id(wider)["x"].scores == tuple(first)


def test_scores_under_different_conventions_do_not_contradict(tmp_path: Path) -> None:
    first, second = score(value=1.0, n_generated=10), score(value=2.0, n_generated=20)
    other = score(value=3.0, n_generated=10, **EXTRACTOR)
    merged = one_run(tmp_path, [first], [second, other])
    assert merged.conflicts == ()
    assert set(by_id(merged)["x"].scores) == {first, second, other}


def test_a_value_beats_the_reason_why_there_is_none(tmp_path: Path) -> None:
    reason = score(status="unavailable", value=None, error_message="no weights", n_real=None)
    for first, second in (([reason], [score()]), ([score()], [reason])):
        merged = one_run(tmp_path / str(first[0].status), first, second)
        assert [s.status for s in by_id(merged)["x"].scores] == ["ok"]


def test_a_run_that_ended_well_beats_one_that_failed(tmp_path: Path) -> None:
    failed = record("x", status="failed", error_type="E", error_message="m", scores=())
    merged = merge(sources(tmp_path, [failed], [record("x")]))
    assert by_id(merged)["x"].status == "ok"


def test_three_leaderboards(tmp_path: Path) -> None:
    runs = [[record("x", scores=(score(name, 1.0),))] for name in ("fid", "kid", "mae")]
    merged = merge(sources(tmp_path, *runs))
    assert {s.metric for s in by_id(merged)["x"].scores} == {"fid", "kid", "mae"}


def test_one_file_is_a_leaderboard_too(tmp_path: Path) -> None:
    (source,) = sources(tmp_path, [record("a"), record("b")])
    path = tmp_path / "scores.parquet"
    pq.write_table(source.table, path)
    assert by_id(merge([read_source(path)])) == by_id(merge([source]))


def test_columns_of_another_tool_are_left_out(tmp_path: Path) -> None:
    (source,) = sources(tmp_path, [record("a")])
    path = tmp_path / "more.parquet"
    pq.write_table(source.table.append_column("colour", pa.array(["red"])), path)
    assert by_id(merge([read_source(path)])) == {"a": record("a")}


@pytest.mark.parametrize("content", [None, b"not parquet"])
def test_what_is_no_leaderboard_is_refused_with_the_reason(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "thing.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ResultsError) as caught:
        read_source(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
