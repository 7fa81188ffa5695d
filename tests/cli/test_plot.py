"""``plot``: the charts of the results as files."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from regene_bench.leaderboard.parts import write_part
from tests.charts.test_agreement import runs
from tests.cli.conftest import Cli
from tests.publish.results import write_results


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write_results(tmp_path / "results")


def _is_drawing(form: str, content: bytes) -> bool:
    if form == "png":
        with Image.open(io.BytesIO(content)) as image:
            return min(image.size) > 100 and len(image.convert("L").getcolors() or ()) > 2
    return content.startswith({"svg": b"<svg", "pdf": b"%PDF-"}[form])


@pytest.mark.slow
@pytest.mark.usefixtures("results")
@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_every_chart_of_the_results(cli: Cli, tmp_path: Path, form: str) -> None:
    done = cli("plot", "charts", "--format", form)
    assert done.returncode == 0, done.stderr
    files = sorted((tmp_path / "charts").iterdir())
    assert [path.name for path in files] == [
        f"digits-quick-{name}.{form}" for name in ("class-accuracy", "cost", "sweep-1-0")
    ]
    for path in files:
        assert str(path.relative_to(tmp_path)) in done.stdout
        assert _is_drawing(form, path.read_bytes())


@pytest.mark.usefixtures("results")
def test_an_unknown_format_and_nothing_to_draw(cli: Cli, tmp_path: Path) -> None:
    done = cli("plot", "charts", "--format", "pgn")
    assert done.returncode == 2
    assert "png" in done.stderr
    done = cli("plot", "charts", "--benchmark", "mnist")
    assert done.returncode == 2
    assert "nothing to draw" in done.stderr
    assert not (tmp_path / "charts").exists()


def test_one_kind_with_the_tables_that_belong_to_it(cli: Cli, tmp_path: Path) -> None:
    for run in runs():
        write_part(tmp_path / "results", run)
    done = cli("plot", "charts", "--by", "fd", "--only", "agreement")
    assert done.returncode == 0, done.stderr
    files = sorted((tmp_path / "charts").iterdir())
    assert [path.name for path in files] == [
        "digits-quick-agreement-with-rank-pairs.csv",
        "digits-quick-agreement-with-rank.svg",
        "digits-quick-agreement.svg",
    ]
    header, first, *_ = files[0].read_text().splitlines()
    assert header.startswith("metric,better by fd,better by the metric,")
    assert first == "recall,b,c,20.00,30.00,0.5000,0.7000"
    done = cli("plot", "charts", "--only", "agreemnt")
    assert done.returncode == 2
    assert "agreement" in done.stderr
