"""A file of the right schema with what no run writes in it is named and passed over."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from regene_bench.cli.show import show
from regene_bench.leaderboard.content import faults
from regene_bench.leaderboard.folding import table_of
from regene_bench.leaderboard.merge import merge, read_source
from regene_bench.leaderboard.packed_rows import unpacked
from regene_bench.leaderboard.part_file import Kind, part_bytes
from regene_bench.leaderboard.parts import (
    find_run,
    read_own_part,
    read_parts,
    run_states,
    write_part,
)
from regene_bench.leaderboard.ranking import make_boards, make_class_boards
from regene_bench.leaderboard.reading import BadPart, read_file
from regene_bench.leaderboard.render import TEXT_FORMATS, render
from regene_bench.leaderboard.row_columns import COLUMNS, SCHEMA_VERSION
from regene_bench.leaderboard.rules import is_well
from regene_bench.leaderboard.schema import SCHEMA
from regene_bench.leaderboard.seal import read_sealed
from regene_bench.notebook.html import boards_as_html
from regene_bench.publish.content import runs_by_line
from tests.leaderboard.helpers import record, score

NAN, INF = float("nan"), float("inf")
NONSENSE: list[tuple[str, Any, str]] = [
    *(
        (name, None, f"{name} is missing")
        for name in ("run_id", "benchmark", "seed", "params", "method", "status", "timestamp")
    ),
    ("run_id", "../../x", "run_id is '../../x', no run's id"),
    ("run_id", "a\x1b[2Jb", r"run_id is 'a\x1b[2Jb', no run's id"),
    ("run_id", "", "no run's id"),
    ("benchmark", "a/b", "no benchmark's name"),
    ("seed", -3, "seed is less than 0"),
    ("params", "{", "params is '{', no JSON object"),
    ("params", "[1]", "no JSON object"),
    ("params", '{"a": NaN}', "no JSON object"),
    ("params", '{"a": 1e999}', "no JSON object"),
    ("params", r'{"a": "\ud800"}', "no JSON object"),
    ("params", "[" * 100_000, "no JSON object"),
    ("packages", '{"torch": 2}', "no JSON object of versions"),
    ("method_role", "hero", "none of method, reference"),
    ("status", "fine", "none of ok, failed, unavailable, skipped"),
    ("direction", "sideways", "none of higher, lower, reference, none"),
    ("value", NAN, "value is no finite number"),
    ("value", INF, "value is no finite number"),
    ("value", None, "ok has no value"),
    ("fit_seconds", NAN, "fit_seconds is no finite number"),
    ("fit_seconds", -1.0, "fit_seconds is less than 0"),
    ("measure_seconds", INF, "measure_seconds is no finite number"),
    ("n_real", -5, "n_real is less than 0"),
    ("timestamp", datetime(1812, 1, 1, tzinfo=UTC), "no time of our days"),
    ("metric", "", "metric is '', no name"),
    ("traceback_path", "/etc/passwd", "leads out"),
    ("traceback_path", "runs/../../x", "leads out"),
]


def _spoilt(column: str, value: Any, *, run_id: str = "bb", row: int = 1) -> pa.Table:
    rows = record(run_id, scores=(score("fid", 1.0), score("mae", 2.0))).rows()
    rows = [{**one, "schema_version": SCHEMA_VERSION} for one in rows]
    rows[row][column] = value
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _write(results: Path, table: pa.Table, name: str = "bb", kind: Kind = "one run") -> Path:
    path = results / "leaderboard" / "digits" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(part_bytes(table, kind))
    return path


@pytest.mark.parametrize(("column", "value", "reason"), NONSENSE)
def test_nonsense_is_named_and_the_file_passed_over(
    tmp_path: Path, column: str, value: Any, reason: str
) -> None:
    write_part(tmp_path, record("aa"))
    path = _write(tmp_path, _spoilt(column, value))
    table, bad = read_parts(tmp_path)
    assert table["run_id"].unique().to_pylist() == ["aa"]
    assert [one.path for one in bad] == [path]
    assert reason in bad[0].reason
    assert bad[0].reason.isprintable()
    assert set(run_states(tmp_path, "digits")) == {"aa"}
    assert read_own_part(tmp_path, "digits", "bb") is None
    # one run is looked at by itself, a file of many runs through its pages
    rows = unpacked(read_sealed(path).extra or b"")
    assert rows is not None
    assert not is_well(rows.rows())
    found = read_file(_write(tmp_path, _spoilt(column, value), kind="many runs"))
    assert isinstance(found, BadPart)
    assert reason in found.reason


def test_texts_that_are_no_utf8_are_named(tmp_path: Path) -> None:
    table = _spoilt("note", "sixteen letters.")
    index = SCHEMA.names.index("note")
    words = pa.StringArray.from_buffers(
        1, pa.py_buffer(b"\0\0\0\0\x02\0\0\0"), pa.py_buffer(b"\xff\xfe")
    )
    spoilt = pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), words, safe=False)
    # what is no text cannot be packed beside the pages, as rows of one run are
    path = _write(tmp_path, table.set_column(index, SCHEMA.field(index), spoilt), kind="many runs")
    found = read_file(path)
    assert isinstance(found, BadPart)
    assert "UTF8" in found.reason


def test_one_bad_part_among_many_is_found_out(tmp_path: Path) -> None:
    for number in range(20):
        write_part(tmp_path, record(f"aa{number}"))
    path = _write(tmp_path, _spoilt("value", NAN))
    table, bad = read_parts(tmp_path)
    assert len(table["run_id"].unique()) == 20
    assert [one.path for one in bad] == [path]


def test_what_runs_write_is_well(tmp_path: Path) -> None:
    missing = score("kid", status="unavailable", value=None, error_message="no weights")
    for run in (
        record(scores=(score(), missing, score("mae", 0.0, class_name="7"))),
        record(status="failed", scores=(), error_message="=\x1b[0m", traceback_path="runs/a/t.txt"),
        record(scores=()),
        record(params={}, packages={}, seed=2**62),
    ):
        table = table_of([run])
        assert faults(table) == []
        rows = unpacked(read_sealed(_write(tmp_path, table)).extra or b"")
        assert rows is not None
        assert is_well(rows.rows())


def _odd(kind: str) -> list[Any]:
    return {
        "text": [None, "", "\x00", "\x1b[2J", "NaN", "../..", "é" * 5000],
        "int32": [None, -1, 2**31 - 1],
        "int64": [None, -(2**63), 2**63 - 1],
        "float64": [None, NAN, INF, -1.0, 1e308],
        "timestamp": [None, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)],
    }[kind]


def _read_in_every_way(results: Path) -> None:
    """What leaderboard, show, merge, publish and notebooks do with rows."""
    table, _ = read_parts(results)
    for boards in (make_boards(table), make_class_boards(table)):
        for form in TEXT_FORMATS:
            render(boards, form)
        boards_as_html(boards, [{} for _ in boards])
    runs_by_line(table)
    for run in merge([read_source(results)]).table["run_id"].unique().to_pylist():
        record = find_run(table, run, results)
        record.rows()
        json.dumps(record.rows(), default=str)


@pytest.mark.parametrize("column", [c.name for c in COLUMNS if c.name != "schema_version"])
def test_nothing_that_reads_ends_in_a_traceback(
    tmp_path: Path, column: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = next(c.kind for c in COLUMNS if c.name == column)
    write_part(tmp_path, record("aa"))
    for number, value in enumerate(_odd(kind)):
        table = _spoilt(column, value, run_id=f"b{number}", row=number % 2)
        _write(tmp_path, table, f"b{number}")
    _read_in_every_way(tmp_path)
    for run in read_parts(tmp_path)[0]["run_id"].unique().to_pylist():
        show(run, results=tmp_path)
    assert "aa" in capsys.readouterr().out
