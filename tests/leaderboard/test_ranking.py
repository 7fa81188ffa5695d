"""Boards average over seeds, rank in the right direction, and never mix what does not compare."""

from __future__ import annotations

import math
import statistics
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from regene_bench.base.errors import UsageError
from regene_bench.leaderboard.aggregate import Statistic, half_width
from regene_bench.leaderboard.board import Board, Line, Missing
from regene_bench.leaderboard.ranking import make_boards, make_class_boards
from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.row_columns import SCHEMA_VERSION
from regene_bench.leaderboard.schema import SCHEMA
from regene_bench.leaderboard.short_names import line_labels
from tests.leaderboard.helpers import EXTRACTOR, record, score


def table_of(*runs: RunRecord) -> pa.Table:
    rows = [row | {"schema_version": SCHEMA_VERSION} for run in runs for row in run.rows()]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def run(method: str, value: float, seed: int = 0, **changes: Any) -> RunRecord:
    defaults: dict[str, Any] = {"scores": (score(value=value),)}
    run_id = f"{method}-{seed}-{changes.get('params')}-{value}"
    return record(run_id, method=method, seed=seed, **(defaults | changes))


def only(boards: list[Board]) -> Board:
    assert len(boards) == 1
    return boards[0]


def mean(line: Line, column: int = 0) -> float:
    cell = line.cells[column]
    assert isinstance(cell, Statistic)
    return cell.mean


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6, unique=True).filter(
        lambda values: statistics.stdev(values) > 1e-3
    )
)
def test_mean_std_and_interval_over_seeds(values: list[float]) -> None:
    board = only(make_boards(table_of(*(run("cgan", v, seed=i) for i, v in enumerate(values)))))
    cell = board.lines[0].cells[0]
    assert isinstance(cell, Statistic)
    low, high = stats.t.interval(0.95, len(values) - 1, statistics.fmean(values), stats.sem(values))
    assert cell.n == len(values)
    assert cell.mean == pytest.approx(statistics.fmean(values), rel=1e-9, abs=1e-6)
    assert cell.std == pytest.approx(statistics.stdev(values), rel=1e-6)
    assert cell.half_width == pytest.approx((high - low) / 2, rel=1e-6)


def test_a_statistic_knows_the_value_of_each_seed_by_rising_seed() -> None:
    values = {2: 5.0, 0: 3.0, 10: 1.0}
    others = [run("b", 9.0, seed=s) for s in (1, 0)]
    runs = [run("a", value, seed=seed) for seed, value in values.items()]
    board = only(make_boards(table_of(others[0], *runs, others[1])))
    first, second = (line.cells[0] for line in board.lines)
    assert isinstance(first, Statistic)
    assert isinstance(second, Statistic)
    assert first.by_seed == ((0, 3.0), (2, 5.0), (10, 1.0))
    assert second.by_seed == ((0, 9.0), (1, 9.0))


def test_the_interval_of_two_values_by_hand() -> None:
    # Student's t with one degree of freedom is the Cauchy distribution
    quantile = math.tan(math.pi * 0.475)
    assert half_width(3.0, 2) == pytest.approx(quantile * 3.0 / math.sqrt(2))


def test_one_seed_has_no_interval() -> None:
    cell = only(make_boards(table_of(run("cgan", 2.0)))).lines[0].cells[0]
    assert cell == Statistic(2.0, None, None, 1)


@pytest.mark.parametrize(("direction", "order"), [("lower", "abc"), ("higher", "cba")])
def test_ranks_in_the_metrics_direction(direction: str, order: str) -> None:
    runs = [
        run(name, value, scores=(score(value=value, direction=direction),))
        for name, value in (("b", 2.0), ("c", 3.0), ("a", 1.0))
    ]
    board = only(make_boards(table_of(*runs)))
    assert [(line.rank, line.label) for line in board.lines] == list(enumerate(order, start=1))
    assert board.best == (frozenset(order[0]),)


def test_references_come_first_without_a_number_and_are_never_best() -> None:
    real = run("real", 0.1, method_role="reference")
    board = only(make_boards(table_of(run("b", 2.0), real, run("a", 1.0))))
    assert [(x.rank, x.label) for x in board.lines] == [(None, "real"), (1, "a"), (2, "b")]
    assert board.best == (frozenset("a"),)


def test_equal_values_share_a_rank() -> None:
    board = only(make_boards(table_of(run("a", 1.0), run("b", 1.0), run("c", 2.0))))
    assert [line.rank for line in board.lines] == [1, 1, 3]


@pytest.mark.parametrize(
    "change",
    [
        {"benchmark": "mnist"},
        {"protocol_version": 2},
        {"dataset_fingerprint": "beef"},
        {"preset": "paper"},
    ],
)
def test_another_cohort_is_another_board(change: dict[str, Any]) -> None:
    boards = make_boards(table_of(run("a", 1.0), run("a", 3.0, seed=1, **change)))
    assert sorted(mean(board.lines[0]) for board in boards) == [1.0, 3.0]


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"weights_sha256": "ffff000011"}, "fid (net, ffff0000)"),
        ({"extractor_id": "other"}, "fid (other)"),
        ({"preprocess_id": "resize-64"}, "fid (net, resize-64)"),
        ({"reference_split": "test"}, "fid (net, test)"),
        ({"n_real": 7}, "fid (net, 7 real)"),
        ({"n_generated": 7}, "fid (net, 7 generated)"),
    ],
)
def test_conventions_are_never_averaged(change: dict[str, Any], label: str) -> None:
    one = run("a", 1.0, scores=(score(value=1.0, **EXTRACTOR),))
    other = run("a", 3.0, seed=1, scores=(score(value=3.0, **(EXTRACTOR | change)),))
    board = only(make_boards(table_of(one, other)))
    assert len(board.columns) == 2
    assert label in [column.label for column in board.columns]
    assert [mean(board.lines[0], i) for i in range(2)] == [1.0, 3.0]
    assert "do not compare" in board.notes[0]


@pytest.mark.parametrize(
    ("metric", "extractor", "label"),
    [
        ("kid", "net", "kid (net)"),
        ("kid", "inception", "kid"),
        ("fd_net", "net", "fd_net"),
        ("mae", None, "mae"),
    ],
)
def test_a_column_says_its_extractor_unless_its_name_or_the_field_does(
    metric: str, extractor: str | None, label: str
) -> None:
    scores = (score(metric, **(EXTRACTOR | {"extractor_id": extractor})),)
    board = only(make_boards(table_of(run("a", 1.0, scores=scores))))
    assert [column.label for column in board.columns] == [label]
    assert not [note for note in board.notes if "do not compare" in note]


@pytest.mark.parametrize(
    ("change", "labels"),
    [
        ({"params": {"noise_dim": 2, "lr": 0.001}}, ["a[noise_dim=8]", "a[noise_dim=2]"]),
        ({"method_version": "2"}, ["a v1", "a v2"]),
        ({"distribution": "other"}, ["regene-bench:a", "other:a"]),
        ({"params": {"noise_dim": 8}}, ["a[lr=0.001]", "a"]),
    ],
)
def test_lines_are_told_apart_by_what_differs(change: dict[str, Any], labels: list[str]) -> None:
    board = only(make_boards(table_of(run("a", 1.0), run("a", 2.0, **change), run("b", 3.0))))
    assert [line.label for line in board.lines] == [*labels, "b"]


def test_a_run_that_lies_in_two_files_counts_once() -> None:
    board = only(make_boards(table_of(run("a", 1.0), run("a", 1.0), run("a", 3.0, seed=1))))
    cell = board.lines[0].cells[0]
    assert isinstance(cell, Statistic)
    assert (cell.mean, cell.n, board.lines[0].seeds) == (2.0, 2, (0, 1))


def test_failed_runs_stand_below_and_their_scores_do_not_count() -> None:
    failed = run("a", 99.0, seed=1, status="failed", error_type="MethodError", error_message="NaN")
    board = only(make_boards(table_of(run("a", 1.0), failed)))
    assert mean(board.lines[0]) == 1.0
    assert board.lines[0].seeds == (0,)
    assert [(f.seed, f.error) for f in board.failed] == [(1, "MethodError: NaN")]


def test_only_failed_runs_are_still_a_board() -> None:
    board = only(make_boards(table_of(run("a", 1.0, status="failed", scores=()))))
    assert (board.lines, len(board.failed)) == ((), 1)


def test_a_score_that_is_unavailable_joins_the_metrics_column() -> None:
    missing = score(status="unavailable", value=None, error_message="fetch it", n_real=None)
    board = only(make_boards(table_of(run("a", 1.0), run("b", 0, scores=(missing,)))))
    assert [column.label for column in board.columns] == ["fid"]
    assert board.lines[1].rank is None
    assert board.lines[1].cells == (Missing("unavailable", "fetch it"),)


def test_a_metric_that_nobody_has_is_a_column_of_reasons() -> None:
    missing = score("fid", status="unavailable", value=None, error_message="fetch it")
    runs = [run(m, 1.0, scores=(missing, score("mae", 0.5))) for m in "ab"]
    board = only(make_boards(table_of(*runs), "fid"))
    assert board.ranked_by is None
    assert "Not ranked: fid has no values here." in board.notes
    assert {column.metric for column in board.columns} == {"fid", "mae"}


def test_unknown_and_directionless_rank_metrics() -> None:
    table = table_of(run("a", 1.0, scores=(score(), score("trials", 2.0, direction="none"))))
    with pytest.raises(UsageError, match="Did you mean 'fid'"):
        make_boards(table, "fidd")
    with pytest.raises(UsageError, match="no better direction"):
        make_boards(table, "trials")


def test_per_class_scores_stay_out_of_the_main_table() -> None:
    scores = (score("acc", 0.5), *(score("acc", v, class_name=c) for c, v in (("x", 0), ("y", 1))))
    table = table_of(run("a", 1.0, scores=scores))
    assert [c.label for c in only(make_boards(table)).columns] == ["acc"]
    board = only(make_class_boards(table))
    assert [c.label for c in board.columns] == ["x", "y"]
    assert board.title_suffix == "acc"
    assert make_class_boards(table, "fid") == []


def test_classes_come_in_their_natural_order_whatever_run_lacks_one() -> None:
    first = tuple(score("acc", 0.5, class_name=name) for name in ("10", "9", "x"))
    second = tuple(score("acc", 0.5, class_name=name) for name in ("2", "10", "a"))
    table = table_of(run("a", 1.0, scores=first), run("b", 2.0, scores=second))
    board = only(make_class_boards(table))
    assert [c.class_name for c in board.columns] == ["2", "9", "10", "a", "x"]


def test_what_metrics_say_of_their_numbers_is_noted() -> None:
    board = only(make_boards(table_of(run("a", 1.0, scores=(score(note="biased"),)))))
    assert board.notes == ("fid: biased",)


def test_costs_and_devices_are_means_over_seeds() -> None:
    runs = [
        run("a", 1.0, seed=i, fit_seconds=float(i), device="cuda", gpu_name=gpu)
        for i, gpu in enumerate(("X", "Y", None))
    ]
    line = only(make_boards(table_of(*runs))).lines[0]
    assert line.costs["fit_seconds"] == 1.0
    assert line.costs["peak_memory_bytes"] is None
    assert line.devices == ("X", "Y", "cuda")


def test_no_runs_are_no_boards() -> None:
    assert make_boards(SCHEMA.empty_table()) == []


def test_a_foreign_method_with_a_name_of_ours_is_told_by_its_distribution() -> None:
    line = {"method": "cgan", "method_version": "1", "params": "{}", "distribution": "other"}
    ours = line | {"distribution": "regene-bench"}
    external = line | {"distribution": "external"}
    for alone, label in ((line, "other:cgan"), (ours, "cgan"), (external, "cgan")):
        assert line_labels([alone], {"cgan"}) == [label]
    assert line_labels([line], {"vae"}) == ["cgan"]
