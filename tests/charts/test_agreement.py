"""How far metrics agree, drawn: which metrics and lines take part, and what is said of them."""

from __future__ import annotations

import json
import re

import pytest
from scipy.stats import kendalltau

from regene_bench.charts.agreement import agreement_charts
from regene_bench.charts.chart import Chart
from regene_bench.charts.draw import draw
from regene_bench.leaderboard.board import Board
from regene_bench.leaderboard.ranking import make_boards
from regene_bench.leaderboard.record import RunRecord
from tests.charts.test_charts import HOSTILE, table
from tests.leaderboard.helpers import record, score

FD = [10.0, 20.0, 30.0, 40.0, 50.0]
RECALL = [0.9, 0.5, 0.7, 0.3, 0.1]
ACCURACY = [0.99, 0.90, 0.82, 0.70, 0.60]
REAL_ACCURACY = 0.85
# what a specification may read: nothing in it comes from data
FIELDS = {
    *("first", "second", "metric", "tau", "low", "interval", "n", "reason", "text", "none", "high"),
    *("isValid(datum.tau)", "!isValid(datum.tau)", "isValid(datum.low)", "abs(datum.tau) > 0.75"),
}


def runs(main: str = "fd") -> list[RunRecord]:
    """Five methods; the accuracy of real images lies between those of the second and the third."""
    found = [
        record(
            name,
            method=name,
            scores=(
                score(main, fd),
                score("recall", recall, direction="higher"),
                score("accuracy", accuracy, direction="reference"),
                score("images", fd, direction="none"),
            ),
        )
        for name, fd, recall, accuracy in zip("abcde", FD, RECALL, ACCURACY, strict=True)
    ]
    scores = (score(main, 1.0), score("accuracy", REAL_ACCURACY, direction="reference"))
    return [*found, record("r", method="real", method_role="reference", scores=scores)]


def board(records: list[RunRecord], by: str | None = "fd") -> Board:
    (one,) = make_boards(table(records), by)
    return one


def charts(records: list[RunRecord], by: str | None = "fd") -> tuple[Chart, Chart]:
    matrix, with_rank = agreement_charts(board(records, by))
    return matrix, with_rank


def taus(chart: Chart) -> dict[tuple[str, str], float]:
    return {
        (square["first"], square["second"]): square["tau"]
        for square in chart.spec["data"]["values"]
    }


def test_every_pair_of_directed_metrics_has_its_tau_twice() -> None:
    matrix, _ = charts(runs())
    nearness = [abs(value - REAL_ACCURACY) for value in ACCURACY]
    expected = {
        ("fd", "recall"): kendalltau(FD, [-value for value in RECALL]).statistic,
        ("fd", "accuracy"): kendalltau(FD, nearness).statistic,
        ("recall", "accuracy"): kendalltau([-value for value in RECALL], nearness).statistic,
    }
    found = taus(matrix)
    assert found == pytest.approx(expected | {(b, a): tau for (a, b), tau in expected.items()})
    assert [row[:2] for row in matrix.rows] == list(expected)


def test_the_metric_that_ranks_is_what_the_others_are_held_to() -> None:
    _, with_fd = charts(runs())
    assert with_fd.title == "How far other metrics rank as fd does"
    assert [row[0] for row in with_fd.rows] == ["recall", "accuracy"]
    _, with_recall = charts(runs(), by="recall")
    assert [row[0] for row in with_recall.rows] == ["fd", "accuracy"]
    assert with_recall.rows[0][1] == with_fd.rows[0][1]


def test_the_pairs_that_are_ordered_otherwise_stand_in_a_table() -> None:
    _, with_fd = charts(runs())
    (pairs,) = with_fd.tables
    by_recall = [row for row in pairs.rows if row[0] == "recall"]
    assert by_recall == [("recall", "b", "c", "20.00", "30.00", "0.5000", "0.7000")]
    # real images have .85: c is nearest, then b, a, d and e
    by_accuracy = [row[1:3] for row in pairs.rows if row[0] == "accuracy"]
    assert by_accuracy == [("a", "c"), ("a", "b"), ("b", "c")]


def test_a_constant_metric_has_a_dash_and_its_reason() -> None:
    same = [score("same", 0.5)]
    records = [
        record(name, method=name, scores=(score("fd", fd), *same))
        for name, fd in zip("abcde", FD, strict=True)
    ]
    records = [
        record(one.run_id, method=one.method, scores=(*one.scores, score("kid", value)))
        for one, value in zip(records, FD, strict=True)
    ]
    matrix, with_fd = charts(records)
    assert taus(matrix)["fd", "same"] is None
    (text,) = {s["text"] for s in matrix.spec["data"]["values"] if s["second"] == "same"}
    assert text == "–"
    assert with_fd.rows[-1] == ("same", "", "", "", "5", "same is the same for all 5 lines")
    drawn = [point["metric"] for point in with_fd.spec["data"]["values"]]
    assert drawn == ["kid"]


def test_where_nothing_is_to_be_compared_nothing_is_drawn() -> None:
    few = [one for one in runs() if one.method in "abc"]
    assert agreement_charts(board(few)) == []
    alone = [
        record(name, method=name, scores=(score("fd", fd),))
        for name, fd in zip("abcde", FD, strict=True)
    ]
    assert agreement_charts(board(alone)) == []
    unranked = board([record("a", scores=(score("images", 1.0, direction="none"),))], None)
    assert agreement_charts(unranked) == []


def test_names_from_data_stay_values() -> None:
    names = [HOSTILE, "constructor", "b", "c", "d"]
    records = [
        record(
            f"{i}",
            method=name,
            scores=(score(HOSTILE, FD[i]), score("toString", RECALL[i], direction="higher")),
        )
        for i, name in enumerate(names)
    ]
    for chart in charts(records, None):
        assert draw(chart, "svg").startswith(b"<svg")
        fields = set(re.findall(r'"(?:field|filter|test)": "([^"]*)"', json.dumps(chart.spec)))
        assert fields <= FIELDS


def test_both_are_drawn_with_their_numbers() -> None:
    matrix, with_fd = charts(runs())
    text = draw(matrix, "svg").decode()
    assert all(name in text for name in ("fd", "recall", "accuracy"))
    assert ">.80<" in text
    assert "tau with fd" in draw(with_fd, "svg").decode()
