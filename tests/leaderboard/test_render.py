"""All formats say the same, escape what comes from data, and fit a terminal."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from regene_bench.base.errors import UsageError
from regene_bench.leaderboard.aggregate import Statistic
from regene_bench.leaderboard.board import Board
from regene_bench.leaderboard.columns import with_columns
from regene_bench.leaderboard.formatting import interval, number
from regene_bench.leaderboard.ranking import make_boards
from regene_bench.leaderboard.render import TEXT_FORMATS, print_tables, render
from tests.leaderboard.helpers import score
from tests.leaderboard.test_ranking import run, table_of

HOSTILE = "[bold]x[/bold] | <b>&\\input{y}_$\x1b[2J\n$ =1+1"


def boards(n_metrics: int = 2) -> list[Board]:
    def scores(value: float) -> tuple[object, ...]:
        names = [f"some_metric_{i}" for i in range(n_metrics)]
        return tuple(score(name, value + i) for i, name in enumerate(names))

    runs = [
        run(m, v, seed=s, scores=scores(v + s / 10), peak_memory_bytes=2_000_000)
        for m, v in (("a", 1.0), ("b", 2.0))
        for s in (0, 1)
    ]
    failed = run("c", 1.0, status="failed", scores=(), error_type="E", error_message=HOSTILE)
    return make_boards(table_of(*runs, failed))


def terminal(shown: list[Board], width: int = 100) -> str:
    out = io.StringIO()
    print_tables(shown, Console(file=out, width=width))
    return out.getvalue()


def test_a_table_shows_ranks_values_and_failures() -> None:
    text = terminal(boards())
    for part in ("rank", "some_metric_0 ↓", "1.05 ± 0.64*", "2.05 ± 0.64", "fit s", "failed: c"):
        assert part in text


@pytest.mark.parametrize("n_metrics", [1, 3, 6, 12])
@pytest.mark.parametrize("width", [80, 100, 160])
def test_tables_fit_the_terminal_and_lose_nothing(n_metrics: int, width: int) -> None:
    text = terminal(boards(n_metrics), width)
    tables = [x for x in text.splitlines() if not x.startswith(("failed", "digits"))]
    assert max(len(line) for line in tables) <= width
    assert "…" not in text
    for i in range(n_metrics):
        assert f"some_metric_{i} ↓" in text


def test_a_very_long_label_wraps() -> None:
    runs = [run("a", 1.0, params={"key": "v" * 90}), run("a", 2.0, params={"key": "w" * 90})]
    text = terminal(make_boards(table_of(*runs)))
    assert max(map(len, text.splitlines())) <= 100
    assert text.count("v") >= 90


@pytest.mark.parametrize("form", [*TEXT_FORMATS, "table"])
def test_hostile_text_stays_text(form: str) -> None:
    unavailable = score("mae", status="unavailable", value=None, error_message=HOSTILE)
    hostile = run("a", 1.0, params={"k": HOSTILE}, scores=(score(note=HOSTILE), unavailable))
    shown = make_boards(table_of(hostile, run("a", 2.0), *()))
    text = terminal(shown) if form == "table" else render(shown, form)
    if form != "csv":
        assert "\x1b" not in text
    if form == "md":
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
        assert "<b>" not in text
    if form == "latex":
        assert "\\input{" not in text
        assert "\\textbackslash{}input\\{y\\}\\_\\$" in text
    if form == "table":
        assert "[bold]x[/bold]" in text


def test_markdown_marks_the_best() -> None:
    assert "| 1 | a | 2 | **1.05 ± 0.64** |" in render(boards(), "md")


def test_latex_is_a_booktabs_table() -> None:
    text = render(boards(), "latex")
    for part in ("\\toprule", "\\textbf{1.05 $\\pm$ 0.64}", "some\\_metric\\_0 $\\downarrow$"):
        assert part in text


def test_latex_writes_signs_that_a_plain_engine_lacks() -> None:
    runs = [
        run(
            "real", 1.0, scores=(score("is", 2.0, direction="reference"),), method_role="reference"
        ),
        run("a", 1.0, scores=(score("is", 2.5, direction="reference"),)),
    ]
    text = render(make_boards(table_of(*runs)), "latex")
    assert "is $\\rightarrow$ real" in text
    assert text.isascii()


def test_csv_has_a_line_a_method_at_full_precision() -> None:
    rows = list(csv.DictReader(io.StringIO(render(boards(), "csv"))))
    assert [(row["rank"], row["method"], row["seeds"]) for row in rows] == [
        ("1", "a", "2"),
        ("2", "b", "2"),
    ]
    assert float(rows[0]["some_metric_0"]) == pytest.approx(1.05)
    assert float(rows[0]["some_metric_0 ci95"]) == pytest.approx(0.6353102368)


def test_json_round_trips() -> None:
    (board,) = json.loads(render(boards(), "json"))
    assert board["lines"][0]["cells"][0]["n"] == 2
    assert board["failed"][0]["error"] == f"E: {HOSTILE}"
    assert board["best"] == [["a"], ["a"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234.5, "1234"), (12.345, "12.35"), (0.98765, "0.9877"), (1e-5, "1.000e-05")],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (12.3456, 0.123, "12.35 ± 0.12"),
        (1234.5, 56.7, "1234 ± 57"),
        (0.5, 0, "0.5000 ± 0"),
        (2.577, 8.2e-7, "2.577 ± 8.2e-07"),
        (3.0, None, "3.000"),
    ],
)
def test_intervals(mean: float, half: float | None, text: str) -> None:
    assert interval(Statistic(mean, half, half, 2)) == text


def unavailable_boards() -> list[Board]:
    missing = score("mae", status="unavailable", value=None, error_message="no weights here")
    return make_boards(table_of(run("a", 1.0, scores=(score("fid", 1.0), missing)), run("b", 2.0)))


def test_a_column_of_csv_has_numbers_or_nothing() -> None:
    first, _ = csv.DictReader(io.StringIO(render(unavailable_boards(), "csv")))
    assert (first["mae"], first["mae status"]) == ("", "unavailable")
    assert "fid status" not in first


def test_latex_says_no_errors_and_can_be_referred_to() -> None:
    text = render([*unavailable_boards(), *boards()], "latex")
    assert "no weights here" not in text
    assert "unavailable" in text
    assert "\\label{tab:digits-quick" in text
    assert "failed: c (seed 0" in text
    assert "input" not in text  # of the error of the run that failed


def test_latex_is_folded_to_the_page() -> None:
    text = render(boards(12), "latex")
    assert text.count("\\begin{tabular}") == text.count("\\end{tabular}") > 1
    assert text.count("\\begin{table}") == 1
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert max(line.replace("$\\pm$", "±").count("") for line in rows) < 160


@pytest.mark.parametrize("engine", ["pdflatex", "lualatex"])
def test_latex_compiles_and_fits_the_page(engine: str, tmp_path: Path) -> None:
    if shutil.which(engine) is None:
        pytest.skip(f"{engine} is not installed: NOT tested")
    names = ("diversity_features_ratio", "fd_original_reconstructed", "recall", "kid", "is")
    runs = [
        run(
            method,
            1.0,
            scores=tuple(
                score(name, 2.0, extractor_id="efficientnet_lite0", direction="reference")
                for name in names
            ),
        )
        for method in ("a", "50%_&$#~^{}\\ é")
    ]
    table = render(make_boards(table_of(*runs)), "latex")
    page = tmp_path / "page.tex"
    text = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
    page.write_text(f"{text}{table}\\end{{document}}\n", encoding="utf-8")
    done = subprocess.run(
        [engine, "-interaction=nonstopmode", "-halt-on-error", page.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-800:]
    assert "Overfull" not in done.stdout


def test_columns_are_chosen_and_costs_left_out() -> None:
    (board,) = boards(3)
    (less,) = with_columns([board], ["some_metric_2", "some_metric_0"])
    assert [column.label for column in less.columns] == ["some_metric_2", "some_metric_0"]
    assert [line.rank for line in less.lines] == [line.rank for line in board.lines]
    text = render([less], "md", costs=False)
    assert "fit s" not in text
    assert "some\\_metric\\_1" not in text
    assert "fit_seconds" not in render([less], "csv", costs=False)
    with pytest.raises(UsageError, match="no column 'some_metric_9'"):
        with_columns([board], ["some_metric_9"])


def test_a_failed_run_is_called_as_its_line_would_be() -> None:
    runs = [run("a", 1.0, params={"width": 4, "deep": True}), run("b", 1.0)]
    failed = run(
        "a", 1.0, params={"width": 8, "deep": True}, status="failed", scores=(), error_type="E"
    )
    text = render(make_boards(table_of(*runs, failed)), "md")
    assert "failed: a\\[width=8\\] (seed 0" in text
