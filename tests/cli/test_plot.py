"""``plot``: the charts of the results as files."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

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
