"""Names from somebody else's results neither drive a terminal nor a spreadsheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from regene_bench.cli.main import main
from regene_bench.leaderboard.merge import read_source
from regene_bench.leaderboard.parts import write_part
from regene_bench.plugins.host import load_plugins
from regene_bench.publish.site import publish_site
from tests.leaderboard.helpers import record, score

EVIL = "\x1b[2J\u202eevil"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    scores = (
        score("fid", 1.0, note=EVIL),
        score("mae", 2.0, class_name=EVIL),
        score("kid", status="failed", value=None, error_type=EVIL, error_message=EVIL),
    )
    folder = tmp_path / "results"
    write_part(
        folder, record("aa", method="=cmd()", dataset=EVIL, params={"x": EVIL}, scores=scores)
    )
    failed = record("bb", status="failed", scores=(), error_type=EVIL, error_message=EVIL)
    write_part(folder, failed)
    (folder / "leaderboard" / "digits" / f"{EVIL}.parquet").write_bytes(b"nothing")
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["leaderboard"],
        ["leaderboard", "--per-class"],
        *(["leaderboard", "--format", form] for form in ("md", "csv", "json", "latex")),
        ["show", "aa"],
        ["show", "bb"],
        ["show", "aa", "--json"],
        ["show", EVIL],
        ["clean", "--failed", "--dry-run"],
    ],
)
def test_no_command_sends_control_characters(
    arguments: list[str], results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*arguments, "--results", str(results)])
    shown = "".join(capsys.readouterr())
    assert "evil" in shown or "=cmd" in shown or "digits" in shown
    assert [c for c in shown if not c.isprintable() and c not in "\n\t"] == []


def _cells(text: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text)) for cell in row]


@pytest.mark.parametrize("safe", [True, False])
def test_cells_are_made_safe_on_request(
    safe: bool, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(
            ["leaderboard", "--format", "csv", "--results", str(results)]
            + (["--safe-cells"] if safe else [])
        )
    cells = _cells(capsys.readouterr().out)
    assert ("'=cmd()" in cells) == safe
    assert ("=cmd()" in cells) != safe


@pytest.mark.parametrize("safe", [True, False])
def test_published_cells_are_safe_unless_somebody_wants_them_raw(
    safe: bool, results: Path, tmp_path: Path
) -> None:
    options = {} if safe else {"safe_cells": False}
    publish_site([read_source(results)], tmp_path / "site", load_plugins(), **options)
    for path in (tmp_path / "site").rglob("scores.csv"):
        cells = _cells(path.read_text())
        assert ("'=cmd()" in cells) == safe
        assert "1" in cells or "1.0" in cells
