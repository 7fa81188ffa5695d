"""A folder of results that came from somebody else shows what is in it, and nothing beside it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from regene_bench.cli.clean import _of_runs
from regene_bench.cli.merge import merge
from regene_bench.leaderboard.merge import read_source
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.parts import read_parts, run_states, write_part
from regene_bench.leaderboard.places import part_path
from regene_bench.notebook.leaderboard import Leaderboard
from regene_bench.plugins.host import load_plugins
from regene_bench.publish.hub import ROWS, files_of
from regene_bench.publish.pictures import find_picture
from regene_bench.publish.site import publish_site
from tests.leaderboard.helpers import record
from tests.publish.results import add_picture

FAILED = record("bad", status="failed", scores=(), traceback_path="runs/bad/traceback.txt")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A run with a picture, and one that failed with a traceback."""
    folder = tmp_path / "results"
    write_part(folder, record("aa"))
    add_picture(folder, "aa")
    write_part(folder, FAILED)
    (folder / "runs" / "bad").mkdir(parents=True)
    (folder / "runs" / "bad" / "traceback.txt").write_text("Traceback")
    return folder


def _moved_out(path: Path, outside: Path) -> None:
    """Put a link to elsewhere in the place of a file or folder."""
    path.rename(outside)
    path.symlink_to(outside)


@pytest.mark.parametrize("what", ["runs/aa/samples.png", "runs/aa", "runs"])
def test_pictures_behind_a_link_are_not_published(results: Path, tmp_path: Path, what: str) -> None:
    assert find_picture(results, "aa") is not None
    _moved_out(results / what, tmp_path / "private")
    assert find_picture(results, "aa") is None
    assert "data:image" not in Leaderboard.read(results)._repr_html_()
    publish_site([read_source(results)], tmp_path / "site", load_plugins(), "t")
    assert not list((tmp_path / "site").rglob("aa.png"))


@pytest.mark.parametrize("what", ["leaderboard/digits/aa.parquet", "leaderboard/digits"])
def test_parts_behind_a_link_are_named_and_passed_over(
    results: Path, tmp_path: Path, what: str
) -> None:
    _moved_out(results / what, tmp_path / "private")
    table, bad = read_parts(results)
    assert "aa" not in table["run_id"].to_pylist()
    assert part_path(results, "digits", "aa") in [one.path for one in bad]
    assert {one.reason for one in bad} == {"a link that leads out of the results folder"}
    assert "aa" not in run_states(results, "digits")


def test_a_results_folder_may_itself_be_a_link(results: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(results)
    assert find_picture(link, "aa") is not None
    assert read_parts(link)[1] == []


def test_what_lies_behind_a_link_is_not_cleaned_away(results: Path, tmp_path: Path) -> None:
    (results / "runs" / "aa" / "checkpoints").mkdir()
    _moved_out(results / "runs" / "aa", tmp_path / "private")
    assert _of_runs(results, True, True, False) == []


def test_published_rows_name_no_traceback_that_is_not_published(results: Path) -> None:
    rows = pq.read_table(io.BytesIO(files_of(read_parts(results)[0], {}, "t")[ROWS]))
    assert rows["traceback_path"].unique().to_pylist() == [None]


def test_the_site_names_none_either(results: Path, tmp_path: Path) -> None:
    publish_site([read_source(results)], tmp_path / "site", load_plugins(), "t")
    texts = [path.read_text() for path in (tmp_path / "site").rglob("*.html")]
    assert any("failed" in text for text in texts)
    assert not any("traceback.txt" in text for text in texts)


@pytest.mark.parametrize("there", [True, False])
def test_merging_takes_tracebacks_along_or_leaves_them_out(
    results: Path, tmp_path: Path, there: bool
) -> None:
    if not there:
        _moved_out(results / "runs" / "bad" / "traceback.txt", tmp_path / "private")
    with pytest.raises(Exception, match="0"):
        merge([results], tmp_path / "merged")
    run = read_run(tmp_path / "merged", "bad")
    assert run == replace(FAILED, traceback_path=FAILED.traceback_path if there else None)
    assert (tmp_path / "merged" / "runs" / "bad" / "traceback.txt").exists() == there
