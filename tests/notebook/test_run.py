"""The Python way does what the command line does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import regene_bench
from regene_bench.base.errors import ConfigError, Interrupted, UsageError
from regene_bench.base.events import Event, RunFinished


@pytest.fixture(scope="module")
def board(
    light_protocol: Path, tmp_path_factory: pytest.TempPathFactory
) -> regene_bench.Leaderboard:
    return regene_bench.run(
        str(light_protocol),
        methods=["real", "cgan[width=2|4]"],
        settings={"cgan": {"images": 64, "discriminator_width": 4}},
        results=tmp_path_factory.mktemp("results"),
    )


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, regene_bench; print({'torch', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_all_lines_are_there_and_ranked(board: regene_bench.Leaderboard) -> None:
    (only,) = board.boards
    assert sorted(line.method for line in only.lines) == ["cgan", "cgan", "real"]
    assert only.ranked_by is not None
    assert only.columns[only.ranked_by].metric == "accuracy_neutral"
    assert board.failed == ()


def test_rows_come_as_arrow_and_as_pandas(board: regene_bench.Leaderboard) -> None:
    table, frame = board.to_arrow(), board.to_pandas()
    assert table.num_rows == len(frame) > 3
    assert set(frame["method"]) == {"real", "cgan"}
    assert list(frame.columns) == table.column_names


def test_a_notebook_shows_a_table_with_a_picture_a_line(board: regene_bench.Leaderboard) -> None:
    page = board._repr_html_()
    assert page.count("<img ") == 3
    assert page.count("data:image/png;base64,") == 3
    assert 'alt="samples of real, one class a row"' in page
    assert "width=2" in page


def test_a_line_shows_its_samples(board: regene_bench.Leaderboard) -> None:
    line = board["cgan[width=4]"]
    assert len(line.run_ids) == 1
    model = line.model(device="cpu")
    assert model.description.params["width"] == 4
    picture = line.samples(n=40, device="cpu")
    own = board.results / "runs" / line.run_ids[0] / "samples.png"
    with Image.open(own) as grid:  # of the same forty samples, in ten columns
        assert picture.height == grid.height
        assert picture.crop((0, 0, picture.width, picture.height)).tobytes() == (
            grid.crop((0, 0, picture.width, picture.height)).tobytes()
        )
    with pytest.raises(UsageError, match="no line 'cgna'"):
        board["cgna"]


def test_lines_are_compared(board: regene_bench.Leaderboard) -> None:
    two = board.compare("real", "cgan[width=2]")
    (only,) = two.boards
    assert sorted(line.method for line in only.lines) == ["cgan", "real"]
    assert two._repr_html_().count("<img ") == 2
    with pytest.raises(UsageError, match="Nothing is compared"):
        board.compare()


def test_text_is_the_terminals_table(board: regene_bench.Leaderboard) -> None:
    assert "cgan" in str(board)
    assert "accuracy_neutral" in board.render("csv")
    with pytest.raises(UsageError, match="'latex'"):
        board.render("latexx")


def test_the_same_call_again_runs_nothing(
    board: regene_bench.Leaderboard, light_protocol: Path
) -> None:
    events: list[Event] = []
    again = regene_bench.run(
        str(light_protocol), methods="real", results=board.results, emit=events.append
    )
    assert not any(isinstance(event, RunFinished) for event in events)
    assert len(again.boards[0].lines) == 3


@pytest.mark.parametrize(("seeds", "expected"), [(2, {0, 1}), ([5], {5}), ((1, 3), {1, 3})])
def test_seeds_are_a_number_or_a_list(
    seeds: object, expected: set[int], light_protocol: Path, tmp_path: Path
) -> None:
    board = regene_bench.run(str(light_protocol), methods=["real"], seeds=seeds, results=tmp_path)
    assert set(board.boards[0].lines[0].seeds) == expected


def test_wrong_names_and_values_raise_what_the_command_line_says(
    light_protocol: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="'cgan'"):
        regene_bench.run(str(light_protocol), methods=["cgam"], results=tmp_path)
    with pytest.raises(ConfigError, match="imagse"):
        regene_bench.run(
            str(light_protocol),
            methods=["cgan"],
            settings={"cgan": {"imagse": 3}},
            results=tmp_path,
        )
    with pytest.raises(UsageError, match="'digits'"):
        regene_bench.run("digit", results=tmp_path)
    with pytest.raises(UsageError, match="no runs"):
        regene_bench.Leaderboard.read(tmp_path, "digits")


def test_a_run_that_fails_is_on_the_board_with_its_reason(
    light_protocol: Path, tmp_path: Path
) -> None:
    board = regene_bench.run(
        str(light_protocol),
        methods=["real", "autoencoder[n_combined=100000,images=64]"],
        results=tmp_path,
    )
    (line,) = board.failed
    assert line.startswith("autoencoder (seed 0): MethodError")
    assert "failed: autoencoder" in board._repr_html_()


def test_a_time_limit_interrupts_and_loses_nothing(light_protocol: Path, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        regene_bench.run(str(light_protocol), methods=["cgan"], results=tmp_path, time_limit=1e-3)
