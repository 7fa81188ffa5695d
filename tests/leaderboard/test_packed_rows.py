"""The rows that lie packed beside a part's pages are the rows of its pages, and checked as they."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from regene_bench.base.errors import UsageError
from regene_bench.leaderboard import packed_rows, seal
from regene_bench.leaderboard.folding import table_of
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.packed_rows import PackedRows, unpacked
from regene_bench.leaderboard.part_file import part_bytes, read_pages
from regene_bench.leaderboard.parts import read_parts, write_part
from regene_bench.leaderboard.reading import BadPart, read_file
from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.schema import SCHEMA
from regene_bench.leaderboard.seal import read_sealed, sealed
from tests.leaderboard.helpers import record, score

RUNS = (
    record(scores=(score("fd", -0.0), score("fd", 0.0, class_name="é\x00\U0001f600"))),
    record(scores=(), seed=2**62, params={"a": [1, 2.5, None, {"b": "\ud7ff"}]}),
    record(status="failed", scores=(score("mae", 5e-324),), error_message="no\nmemory"),
    record(scores=tuple(score("kid", status="skipped", value=None, std=1e308) for _ in range(3))),
)


def _packed(path: Path) -> PackedRows:
    extra = read_sealed(path).extra
    found = None if extra is None else unpacked(extra)
    assert found is not None
    return found


@pytest.mark.parametrize("run", RUNS)
def test_what_is_packed_is_what_the_pages_say(tmp_path: Path, run: RunRecord) -> None:
    path = write_part(tmp_path, run)
    found = read_file(path)
    pages = read_pages(read_sealed(path)).cast(SCHEMA)
    assert not isinstance(found, BadPart)
    assert found.equals(pages)
    assert repr(found.to_pylist()) == repr(pages.to_pylist())  # with the signs of zeros
    assert read_run(tmp_path, run.run_id) == run


def test_runs_with_and_without_packed_rows_are_read_together(tmp_path: Path) -> None:
    for number in range(6):
        path = write_part(tmp_path, record(f"a{number}", seed=number))
        if number % 3 == 1:  # as a version did that packed none
            pq.write_table(read_pages(read_sealed(path)), path)
    table, bad = read_parts(tmp_path)
    assert bad == []
    assert table["seed"].to_pylist() == list(range(6))
    assert [read_run(tmp_path, f"a{number}").seed for number in range(6)] == list(range(6))


def _spoil(path: Path, **columns: Any) -> None:
    """Pack something else, under a seal that holds."""
    rows = _packed(path)
    told = {"rows": rows.count, "columns": {**rows.columns, **columns}}
    content = part_bytes(table_of([record()]), "many runs")
    path.write_bytes(sealed(content, zlib.compress(json.dumps(told).encode())))


@pytest.mark.parametrize(
    "columns",
    [
        {"seed": 1.5},
        {"seed": True},
        {"seed": "1"},
        {"seed": 2**63},
        {"n_real": {"a": 1}},
        {"protocol_version": 2**31},
        {"value": 1},
        {"method": 3},
        {"timestamp": "2026"},
        {"note": "\ud800"},
    ],
)
def test_values_of_another_kind_are_named(tmp_path: Path, columns: dict[str, Any]) -> None:
    path = write_part(tmp_path, record())
    _spoil(path, **columns)
    found = read_file(path)
    assert isinstance(found, BadPart)
    assert "not readable" in found.reason


@pytest.mark.parametrize(
    "columns",
    [{"schema_version": 2}, {"schema_version": 4}, {"a new column": 1}, {"value": [1.0, 2.0]}],
)
def test_what_is_packed_otherwise_is_read_from_the_pages(
    tmp_path: Path, columns: dict[str, Any]
) -> None:
    path = write_part(tmp_path, record(scores=(score("mae", 7.0),)))
    _spoil(path, **columns)
    assert read_run(tmp_path, "0123") == record()


def _packed_as(path: Path, rows: object, **columns: object) -> bytes:
    told = {"rows": rows, "columns": {**_packed(path).columns, **columns}}
    return zlib.compress(json.dumps(told).encode())


@pytest.mark.parametrize("rows", [0, 2, 1000, 1.5, "1", None])
def test_a_count_that_no_column_bears_out_is_no_packing(tmp_path: Path, rows: object) -> None:
    path = write_part(tmp_path, record())
    assert unpacked(_packed_as(path, rows)) is None
    assert unpacked(_packed_as(path, 1)) is not None


def test_more_than_a_run_can_have_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = _packed_as(write_part(tmp_path, record()), 1, note="a" * 5000)
    assert unpacked(content) is not None
    monkeypatch.setattr(packed_rows, "_MOST_BYTES", 4000)
    assert unpacked(content) is None


@pytest.mark.parametrize("length", [b"zzzzzzzz", b"0x000010", b"ffffffff", b"00000000"])
def test_a_length_that_is_none_leaves_the_pages(tmp_path: Path, length: bytes) -> None:
    content = part_bytes(table_of([record()]), "many runs")
    path = tmp_path / "leaderboard" / "digits" / f"{record().run_id}.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(_with_extra(content, b"{}", length))
    assert read_sealed(path).extra is None
    assert read_run(tmp_path, record().run_id) == record()


def _with_extra(content: bytes, extra: bytes, length: bytes) -> bytes:
    """A sealed file whose extra content tells another length of itself."""
    whole = sealed(content, extra)
    right = f"{len(extra):08x}".encode()
    before, _, after = whole.partition(seal._EXTRA_MARK + right)
    told = before + seal._EXTRA_MARK + length
    cut = after.index(seal._MARK)
    footer = after[cut + seal._SEAL :]
    return told + seal._seal(told, footer) + footer


@pytest.mark.parametrize("content", [b"", b"{}", zlib.compress(b"[]"), zlib.compress(b"[" * 9**6)])
def test_what_is_no_packing_is_none(content: bytes) -> None:
    assert unpacked(content) is None


def test_show_and_boards_believe_the_same_texts(tmp_path: Path) -> None:
    path = write_part(tmp_path, record())
    _spoil(path, note="\ud800")
    assert len(read_parts(tmp_path)[1]) == 1
    with pytest.raises(UsageError, match="no run"):
        read_run(tmp_path, record().run_id)


def test_a_copy_that_contradicts_a_run_keeps_it_from_being_shown(tmp_path: Path) -> None:
    """As it keeps it from the boards."""
    path = write_part(tmp_path, record(scores=(score("mae", 1.0),)))
    other = write_part(tmp_path / "other", record(scores=(score("mae", 2.0),)))
    path.with_name(f"copy-of-{path.name}").write_bytes(other.read_bytes())
    with pytest.raises(UsageError, match="no run"):
        read_run(tmp_path, record().run_id)


def test_a_run_whose_part_is_damaged_is_not_shown(tmp_path: Path) -> None:
    path = write_part(tmp_path, record("ab" * 8))
    content = bytearray(path.read_bytes())
    content[content.index(b"regene-bench rows ") - 20] ^= 1
    path.write_bytes(content)
    assert isinstance(read_file(path), BadPart)
    with pytest.raises(UsageError, match="no run"):
        read_run(tmp_path, "abab")
