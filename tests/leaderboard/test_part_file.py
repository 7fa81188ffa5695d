"""Whatever bit of a part has flipped, its rows are the same or it is named and left out."""

from __future__ import annotations

from pathlib import Path

import pandas
import pyarrow.parquet as pq
import pytest

from regene_bench.leaderboard import seal
from regene_bench.leaderboard.parts import read_parts, write_part
from regene_bench.leaderboard.reading import BadPart, read_file
from regene_bench.leaderboard.schema import SCHEMA
from tests.leaderboard.helpers import record, score

SCORES = tuple(score(f"metric_{n}", n + 0.5, class_name=f"class {n}") for n in range(8))


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return write_part(tmp_path, record("aa", scores=SCORES))


def _places(size: int, footer: int) -> list[int]:
    """Byte after byte in the footer's end and in the seal; elsewhere every so often."""
    around = range(footer - 40, footer + 60)
    return sorted({*range(0, size, 101), *around, *range(size - 60, size)})


def test_a_flipped_bit_never_gives_other_numbers(part: Path) -> None:
    content = part.read_bytes()
    wanted = read_file(part)
    assert not isinstance(wanted, BadPart)
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    named = 0
    for place in _places(len(content), footer):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        part.write_bytes(flipped)
        found = read_file(part)
        if isinstance(found, BadPart):
            named += 1
        else:  # the flip took the seal's own mark, and nothing of the rows
            assert found.equals(wanted)
    assert named > 200


def test_a_damaged_part_is_named_and_what_is_beside_it_is_read(part: Path, tmp_path: Path) -> None:
    write_part(tmp_path, record("bb"))
    content = bytearray(part.read_bytes())
    content[len(content) // 3] ^= 4
    part.write_bytes(content)
    table, bad = read_parts(tmp_path)
    assert table["run_id"].unique().to_pylist() == ["bb"]
    assert [(one.path, one.reason) for one in bad] == [
        (part, "damaged: its bytes are not those that were written")
    ]


def test_parts_of_versions_without_a_seal_are_read(part: Path) -> None:
    wanted = read_file(part)
    assert not isinstance(wanted, BadPart)
    pq.write_table(wanted, part, compression="zstd", write_statistics=False)
    assert not seal.is_sealed(part)
    found = read_file(part)
    assert not isinstance(found, BadPart)
    assert found.equals(wanted)


def test_without_a_seal_checksums_of_pages_count(part: Path) -> None:
    wanted = read_file(part)
    assert not isinstance(wanted, BadPart)
    pq.write_table(wanted, part, compression="none", write_page_checksum=True)
    content = bytearray(part.read_bytes())
    content[content.index(b"class 5")] ^= 1
    part.write_bytes(content)
    found = read_file(part)
    assert isinstance(found, BadPart)
    assert "crc" in found.reason.lower()


def test_rows_that_another_tool_changed_lose_the_seal_and_are_read(part: Path) -> None:
    assert seal.is_sealed(part)
    frame = pandas.read_parquet(part)
    frame["note"] = "changed by hand"
    frame.to_parquet(part)
    pq.write_table(pq.read_table(part), part)
    found = read_file(part)
    assert not isinstance(found, BadPart)
    assert found["note"].unique().to_pylist() == ["changed by hand"]


def test_pages_have_checksums_that_other_readers_know(part: Path) -> None:
    content = part.read_bytes()
    column = pq.ParquetFile(part).metadata.row_group(0).column(SCHEMA.names.index("value"))
    start = column.dictionary_page_offset or column.data_page_offset
    seen = 0
    for place in range(start + 1, start + column.total_compressed_size):
        flipped = bytearray(content)
        flipped[place] ^= 1
        part.write_bytes(flipped)
        try:
            pq.ParquetFile(part, page_checksum_verification=True).read(["value"])
        except OSError as error:
            seen += "CRC" in str(error)
    assert seen > 30
