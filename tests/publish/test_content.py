"""What pages are written from: a page at a time is what all at once is, without heavy imports."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from regene_bench.leaderboard.merge import read_source
from regene_bench.leaderboard.parts import read_parts, write_part
from regene_bench.leaderboard.ranking import make_boards, make_class_boards
from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.row_columns import RUN_COLUMNS
from regene_bench.plan.protocol import installed_protocols, rank_metrics
from regene_bench.plugins.host import load_plugins
from regene_bench.publish.content import collect, collect_page, runs_by_line
from tests.leaderboard.helpers import score
from tests.publish.results import runs


def write_pages(folder: Path) -> None:
    """The same runs on four pages, with other values and two versions of a protocol on one."""
    per_class = tuple(score("fid", 3.0 + i, class_name=str(i)) for i in (10, 2, 1))
    for number, (benchmark, preset, version) in enumerate(
        [("b", "quick", 1), ("a", "paper", 1), ("a", "quick", 1), ("b", "quick", 2), ("c", "x", 1)]
    ):
        for run in runs():
            own = [replace(one, value=(one.value or 0) + number) for one in run.scores]
            changes: dict[str, Any] = {
                "benchmark": benchmark,
                "preset": preset,
                "protocol_version": version,
            }
            scores = (*own, *per_class) if run.status == "ok" else ()
            run_id = f"{number}{run.run_id}"
            write_part(folder, replace(run, **changes, run_id=run_id, scores=scores))


def test_a_page_at_a_time_gives_what_all_at_once_gives(tmp_path: Path) -> None:
    write_pages(tmp_path)
    host = load_plugins()
    content = collect([read_source(tmp_path)], host)
    pages = {page: collect_page(content, page) for page in content.pages()}
    assert list(pages) == [("a", "paper"), ("a", "quick"), ("b", "quick"), ("c", "x")]
    ranks = rank_metrics(installed_protocols(host, ["a", "b", "c"]))
    boards, class_boards = make_boards(content.table, ranks), make_class_boards(content.table)
    assert (len(boards), len(class_boards)) == (5, 10)
    for (benchmark, preset), page in pages.items():
        own = [board for board in boards if (board.benchmark, board.preset) == (benchmark, preset)]
        assert list(page.boards) == sorted(own, key=lambda board: -board.protocol_version)
        assert list(page.class_boards) == [
            board
            for board in class_boards
            if (board.benchmark, board.preset) == (benchmark, preset)
        ]
        of_classes = next(board for board in page.class_boards if board.title_suffix == "fid")
        assert [column.class_name for column in of_classes.columns] == ["1", "2", "10"]
    every = runs_by_line(content.table)
    assert {key: own for page in pages.values() for key, own in page.runs.items()} == every


def test_the_runs_behind_a_line_are_those_that_were_written(tmp_path: Path) -> None:
    write_pages(tmp_path)
    table, _ = read_parts(tmp_path)
    rows: dict[str, RunRecord] = {}
    for row in table.to_pylist():
        whole = dict.fromkeys(table.column_names) | {name: row[name] for name in RUN_COLUMNS}
        names = ("status", "error_type", "error_message")
        if row["metric"] is None:
            whole |= {name: row[name] for name in names}
        rows.setdefault(row["run_id"], RunRecord.from_rows([whole | {"metric": None}]))
    found = [run for own in runs_by_line(table).values() for run in own]
    assert len(found) == len(rows) == 55
    for run in found:
        expected = rows[run.run_id]
        assert replace(run, status="ok") == replace(expected, status="ok")
        assert run.status == ("failed" if run.run_id.endswith("broken") else "ok")


def test_a_site_is_made_without_torch_pandas_and_scipy(results: Path, tmp_path: Path) -> None:
    code = (
        "import atexit, sys; from regene_bench.cli.main import main; "
        "heavy = {'torch', 'pandas', 'scipy'}; "
        "atexit.register(lambda: print('loaded', sorted(heavy & set(sys.modules)))); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "publish", "site", str(tmp_path / "site"), str(results)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (tmp_path / "site" / "index.html").is_file()
    assert done.stdout.splitlines()[-1] == "loaded []"
