"""The library of charts is put together once, and a copy that was damaged is put together again."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.charts import page_library as module
from regene_bench.charts.page_library import page_library


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Remembers each time that the library is put together, in an empty cache."""
    times: list[str] = []

    def make() -> bytes:
        times.append("made")
        return "vegaEmbed = () => 'é'".encode()

    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "_make", make)
    return times


def test_it_is_put_together_once(made: list[str]) -> None:
    assert page_library() == page_library() == "vegaEmbed = () => 'é'".encode()
    assert made == ["made"]


@pytest.mark.parametrize("damage", [b"", b"vegaEmbed", b"x" * 100])
def test_a_damaged_copy_is_replaced(made: list[str], tmp_path: Path, damage: bytes) -> None:
    whole = page_library()
    (kept,) = (tmp_path / "pages").iterdir()
    kept.write_bytes(damage)
    assert page_library() == whole == page_library()
    assert made == ["made", "made"]


def test_without_a_cache_it_is_made_each_time(
    made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "file"))
    assert page_library() == page_library()
    assert made == ["made", "made"]
