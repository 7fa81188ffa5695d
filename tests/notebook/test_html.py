"""Nothing that comes from data becomes markup."""

from __future__ import annotations

from pathlib import Path

import regene_bench
from regene_bench.leaderboard.parts import write_part
from tests.leaderboard.helpers import record, score

EVIL = '<script>alert(1)</script>"'


def test_names_are_escaped(tmp_path: Path) -> None:
    run = record("aa", method=EVIL, scores=(score(),))
    write_part(tmp_path, run)
    picture = tmp_path / "runs" / "aa" / "samples.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"not really a picture")
    page = regene_bench.Leaderboard.read(tmp_path)._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("<img ") == 1


def test_pictures_of_a_large_sweep_are_not_all_shown(tmp_path: Path) -> None:
    for number in range(30):
        run_id = f"{number:04x}"
        write_part(tmp_path, record(run_id, params={"width": number}, scores=(score(),)))
        picture = tmp_path / "runs" / run_id / "samples.png"
        picture.parent.mkdir(parents=True)
        picture.write_bytes(b"not really a picture")
    page = regene_bench.Leaderboard.read(tmp_path)._repr_html_()
    assert page.count("<img ") == 24
    assert "6 more sample grids" in page


def test_an_empty_folder_has_no_table(tmp_path: Path) -> None:
    assert "no runs" in regene_bench.Leaderboard.read(tmp_path)._repr_html_()
