"""``regene-bench study`` in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from regene_bench.cli.exhibits import print_table
from regene_bench.studies.figure import Exhibit
from tests.conftest import tiny_protocol_text
from tests.processes import environment, regene_bench


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    protocol = tiny_protocol_text("reconstruction", rank_by="mae_test")
    (tmp_path / "tiny.toml").write_text(protocol)
    (tmp_path / "small.toml").write_text(
        'name = "small"\nversion = 1\ntitle = "A small study"\nsource = "nobody"\n'
        'benchmarks = ["tiny.toml"]\nmethods = "real,autoencoder[images=640]"\n'
        '[[figures]]\nkind = "score_table"\n[figures.options]\ncolumns = ["mae_test"]\n'
        '[[figures]]\nkind = "collage"\n'
    )
    return tmp_path


def test_prints_the_table_and_names_the_files(folder: Path, session_cache: Path) -> None:
    call = regene_bench(
        ["study", "small.toml", "--preset", "quick"], folder, environment(session_cache)
    )
    assert call.returncode == 0, call.stderr
    assert "A small study (nobody)" in call.stdout
    assert "mae_test" in call.stdout
    assert "results/studies/small/quick/scores.parquet" in call.stdout
    assert len(list((folder / "results/studies/small/quick").glob("collage-*.png"))) == 2


def test_an_unknown_benchmark_is_bad_usage_and_nothing_runs(
    folder: Path, session_cache: Path
) -> None:
    arguments = ["study", "small.toml", "--benchmarks", "mnits"]
    call = regene_bench(arguments, folder, environment(session_cache))
    assert call.returncode == 2
    assert "mnist" in call.stderr
    assert not (folder / "results").exists()


def test_list_names_the_studies_without_torch(folder: Path, session_cache: Path) -> None:
    variables = environment(session_cache, PYTHONPROFILEIMPORTTIME="1")
    call = regene_bench(["list", "studies"], folder, variables)
    assert "case-study" in call.stdout
    imported = {line.rpartition("|")[2].strip() for line in call.stderr.splitlines()}
    assert "torch" not in imported
    assert "matplotlib" not in imported


def test_wide_tables_are_printed_in_blocks_without_empty_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [f"a_long_name_of_score_{i}" for i in range(5)]
    data: dict[str, list[object]] = {"method": ["regene", "a name that is longer than its column"]}
    data |= {name: [1.5, 2.25] for name in names} | {"empty": [None, None]}
    data[names[-1]] = [None, 7.125]
    print_table(Exhibit("scores", "A caption.", data), Console(width=80))
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    headers = [line for line in lines if "method" in line]
    assert [line.count("a_long_name_of_score_") for line in headers] == [2, 2, 1]
    assert all(name in " ".join(headers) for name in names)
    assert "empty" not in " ".join(lines)
    assert sum("regene" in line for line in lines) == 2
