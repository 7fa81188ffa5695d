"""A folder of many parts is read from one file the second time, and never out of date."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pytest

from regene_bench.leaderboard import parts_cache, reading
from regene_bench.leaderboard.parts import read_parts, write_part
from regene_bench.leaderboard.places import part_path
from regene_bench.leaderboard.schema import SCHEMA
from tests.leaderboard.helpers import record, score

MANY = 70


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "results"
    for number in range(MANY):
        write_part(folder, record(f"{number:04}", scores=(score("mae", float(number)),)))
    return folder


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """Names of the parts that are opened from here on."""
    names: list[str] = []
    real = reading.read_part

    def read(path: Path) -> object:
        names.append(path.stem)
        return real(path)

    with patch.object(reading, "read_part", read):
        yield names


def _values(results: Path) -> list[float]:
    values: list[float] = read_parts(results)[0]["value"].drop_null().to_pylist()
    return values


def _kept_files(results: Path) -> list[Path]:
    return list((results.parent / "cache" / "leaderboards").glob("*"))


def test_the_second_reading_opens_no_part(results: Path, opened: list[str]) -> None:
    first, _ = read_parts(results)
    assert len(opened) == MANY
    opened.clear()
    second, bad = read_parts(results)
    assert opened == []
    assert bad == []
    assert second.equals(first)
    assert second.schema.equals(SCHEMA, check_metadata=True)


def test_some_columns_are_the_same_columns(results: Path) -> None:
    wanted = ("run_id", "value")
    before = read_parts(results, columns=wanted)[0]
    assert read_parts(results, columns=wanted)[0].equals(before)
    assert before.equals(read_parts(results)[0].select(wanted))


def test_a_new_part_a_changed_one_and_a_removed_one(results: Path, opened: list[str]) -> None:
    read_parts(results)
    opened.clear()
    write_part(results, record("0100", scores=(score("mae", 100.0),)))
    write_part(results, record("0003", scores=(score("mae", -3.0),)))
    part_path(results, "digits", "0007").unlink()
    wanted = [-3.0 if n == 3 else float(n) for n in range(MANY) if n != 7]
    assert _values(results) == [*wanted, 100.0]
    assert sorted(opened) == ["0003", "0100"]


def test_a_part_replaced_by_one_of_the_same_size_and_time_is_read_anew(results: Path) -> None:
    read_parts(results)
    path = part_path(results, "digits", "0005")
    before = path.stat()
    write_part(results, record("0005", scores=(score("mae", 6.0),)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert _values(results)[5] == 6.0


def test_a_bad_part_is_named_every_time(results: Path) -> None:
    torn = part_path(results, "digits", "0001")
    torn.write_bytes(torn.read_bytes()[:100])
    for _ in range(2):
        table, bad = read_parts(results)
        assert [part.path for part in bad] == [torn]
        assert len(table["run_id"].unique()) == MANY - 1


def test_of_a_copy_with_a_flipped_bit_nothing_is_believed(results: Path) -> None:
    wanted = read_parts(results)[0]
    (copy,) = _kept_files(results)
    content = copy.read_bytes()
    for place in range(0, len(content), len(content) // 40):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        copy.write_bytes(flipped)
        assert parts_cache.load_copy(results / "leaderboard" / "digits").rows == {}
    assert read_parts(results)[0].equals(wanted)


@pytest.mark.parametrize("damage", [b"", b"ARROW1 and nothing after it"])
def test_a_damaged_copy_is_made_again(results: Path, damage: bytes) -> None:
    wanted = read_parts(results)[0]
    (copy,) = _kept_files(results)
    copy.write_bytes(damage)
    assert read_parts(results)[0].equals(wanted)
    assert read_parts(results)[0].equals(wanted)
    assert len(parts_cache.load_copy(results / "leaderboard" / "digits").rows) == MANY


def test_a_copy_of_another_schema_is_not_used(results: Path) -> None:
    wanted = read_parts(results)[0]
    (copy,) = _kept_files(results)
    table = pa.table({"run_id": ["0000"]}).replace_schema_metadata({"parts": "[]"})
    with pa.OSFile(str(copy), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)
    assert parts_cache.load_copy(results / "leaderboard" / "digits").rows == {}
    assert read_parts(results)[0].equals(wanted)


def test_without_a_place_for_the_copy_parts_are_read_all_the_same(
    results: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file where the cache should be")
    assert _values(results) == [float(n) for n in range(MANY)]
    assert _values(results) == [float(n) for n in range(MANY)]


def test_few_parts_leave_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "cache"))
    write_part(tmp_path / "results", record())
    read_parts(tmp_path / "results")
    assert not (tmp_path / "cache").exists()
