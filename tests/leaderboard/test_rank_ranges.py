"""Ranks have intervals by bootstrap over seeds: counted by hand where seeds are few."""

from __future__ import annotations

import csv
import io
import random

import numpy as np
import pytest

from regene_bench.leaderboard.aggregate import Statistic
from regene_bench.leaderboard.rank_ranges import rank_ranges
from regene_bench.leaderboard.ranking import make_boards
from regene_bench.leaderboard.render import render
from tests.leaderboard.helpers import score
from tests.leaderboard.test_ranking import run, table_of

Ranges = list[tuple[int, int] | None]


def statistic(*values: float) -> Statistic:
    return Statistic(float(np.mean(values)), None, None, len(values), tuple(enumerate(values)))


def ranges(*lines: tuple[float, ...], direction: str = "lower") -> Ranges:
    labels = [f"line {i}" for i in range(len(lines))]
    return rank_ranges([statistic(*line) for line in lines], labels, direction, reference=5.0)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # one seed each: nothing is claimed
        ([(1.0,), (2.0,), (3.0,)], [None, None, None]),
        # of two seeds one is drawn: the first two change places in one resample of four
        ([(1.0, 2.0), (1.5, 9.0), (90.0, 91.0)], [(1, 2), (1, 2), (3, 3)]),
        # a line of one seed stays while the other passes it, and has no interval itself
        ([(1.0,), (0.0, 3.0), (4.0,)], [None, (1, 2), None]),
        # equal values share the better rank, in every resample
        ([(1.0, 1.0), (1.0, 1.0), (2.0, 2.0)], [(1, 1), (1, 1), (3, 3)]),
        # 6 of 7 seeds are drawn: the odd one 3 times or more in 4.2 %, 4 times or more in 0.5 %
        ([(0.0,) * 6 + (100.0,), (40.0, 40.0)], [(1, 2), (1, 2)]),
        ([(0.0,) * 6 + (100.0,), (60.0, 60.0)], [(1, 1), (2, 2)]),
        ([], []),
    ],
)
def test_ranges(lines: list[tuple[float, ...]], expected: Ranges) -> None:
    assert ranges(*lines) == expected


def test_the_direction_says_who_is_first() -> None:
    lines = [(1.0, 2.0), (8.0, 9.0), (4.0, 5.0)]
    assert ranges(*lines, direction="lower") == [(1, 1), (3, 3), (2, 2)]
    assert ranges(*lines, direction="higher") == [(3, 3), (1, 1), (2, 2)]
    # nearest to 5 is the last; 2 lies as near as 8, and 1 and 9 as near as each other
    assert ranges(*lines, direction="reference") == [(2, 3), (2, 3), (1, 1)]


def test_a_rank_lies_in_its_interval_also_where_few_resamples_have_it() -> None:
    """The best mean of fifty that scatter far more than they differ."""
    lines = [(-50.0, 49.0), *((-51.0, 51.0 + i / 100) for i in range(50))]
    first, *_ = ranges(*lines)
    assert first is not None
    assert first[0] == 1
    assert first[1] > 20


def test_the_order_of_lines_changes_nothing() -> None:
    draw = np.random.default_rng(0)
    lines = {f"line {i}": statistic(*draw.normal(i / 4, 1, 3)) for i in range(30)}
    expected = dict(
        zip(lines, rank_ranges(list(lines.values()), list(lines), "lower"), strict=True)
    )
    for seed in range(3):
        labels = random.Random(seed).sample(list(lines), len(lines))
        found = rank_ranges([lines[label] for label in labels], labels, "lower")
        assert dict(zip(labels, found, strict=True)) == expected


def test_boards_tell_them() -> None:
    runs = [
        run(m, v, seed=s, scores=(score("fid", v + s),))
        for m, v in (("a", 1.0), ("b", 1.5), ("c", 90.0))
        for s in (0, 1)
    ]
    (board,) = make_boards(table_of(*runs), "fid")
    assert [(line.rank, line.ranks) for line in board.lines] == [
        (1, (1, 2)),
        (2, (1, 2)),
        (3, (3, 3)),
    ]
    text = render([board], "md")
    assert "| 1 (1–2) | a |" in text
    assert "| 2 (1–2) | b |" in text
    assert "| 3 | c |" in text
    assert "Ranks such as 2 (1–3): 95 % interval by bootstrap over seeds." in text
    assert "1 (1--2) & a &" in render([board], "latex")
    row = next(csv.DictReader(io.StringIO(render([board], "csv"))))
    assert (row["rank"], row["rank first"], row["rank last"]) == ("1", "1", "2")


def test_one_seed_claims_no_interval() -> None:
    runs = [run(m, v, scores=(score("fid", v),)) for m, v in (("a", 1.0), ("b", 2.0))]
    (board,) = make_boards(table_of(*runs), "fid")
    assert [(line.rank, line.ranks) for line in board.lines] == [(1, None), (2, None)]
    text = render([board], "md")
    assert "| 1 | a |" in text
    assert "Ranks such as" not in text


def test_real_images_have_no_interval_over_seeds() -> None:
    runs = [
        run("real", 1.0, seed=s, method_role="reference", scores=(score("fid", 2.5 + s * 1e-14),))
        for s in (0, 1)
    ]
    (board,) = make_boards(table_of(*runs, run("a", 3.0, scores=(score("fid", 3.0),))), "fid")
    assert "| real | 2 | 2.500 |" in render([board], "md")
