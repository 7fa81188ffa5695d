"""Ranks are ranges where the intervals over seeds overlap."""

from __future__ import annotations

import pytest

from regene_bench.leaderboard.aggregate import Statistic
from regene_bench.leaderboard.rank_ranges import rank_ranges
from regene_bench.leaderboard.ranking import make_boards
from regene_bench.leaderboard.render import render
from tests.leaderboard.helpers import score
from tests.leaderboard.test_ranking import run, table_of


def statistic(mean: float, half_width: float | None) -> Statistic:
    # of two seeds the half width is 12.706 standard deviations over the root of two
    std = None if half_width is None else half_width / 12.706204736 * 2**0.5
    return Statistic(mean, std, half_width, 1 if half_width is None else 2)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(1.0, None), (2.0, None), (3.0, None)], [(1, 1), (2, 2), (3, 3)]),
        ([(1.0, 0.6), (2.0, 0.6), (9.0, 0.6)], [(1, 2), (1, 2), (3, 3)]),
        # the middle one overlaps both, which do not overlap each other
        ([(1.0, 0.1), (2.0, 1.5), (3.0, 0.1)], [(1, 2), (1, 3), (2, 3)]),
        ([(1.0, None), (1.0, None), (2.0, None)], [(1, 1), (1, 1), (3, 3)]),
        ([(1.0, 0.0), (1.5, 5.0)], [(1, 2), (1, 2)]),
    ],
)
def test_ranges(lines: list[tuple[float, float | None]], expected: list[tuple[int, int]]) -> None:
    assert rank_ranges([statistic(*line) for line in lines], lambda value: value) == expected


def test_boards_tell_them() -> None:
    runs = [
        run(m, v, seed=s, scores=(score("fid", v + s / 10),))
        for m, v in (("a", 1.0), ("b", 2.0), ("c", 90.0))
        for s in (0, 1)
    ]
    (board,) = make_boards(table_of(*runs), "fid")
    assert [(line.rank, line.ranks) for line in board.lines] == [
        (1, (1, 2)),
        (2, (1, 2)),
        (3, (3, 3)),
    ]
    text = render([board], "md")
    assert "| 1–2 | a |" in text
    assert "| 3 | c |" in text
    assert "Ranks such as 1–3" in text


def test_real_images_have_no_interval_over_seeds() -> None:
    runs = [
        run("real", 1.0, seed=s, method_role="reference", scores=(score("fid", 2.5 + s * 1e-14),))
        for s in (0, 1)
    ]
    (board,) = make_boards(table_of(*runs, run("a", 3.0, scores=(score("fid", 3.0),))), "fid")
    assert "| real | 2 | 2.500 |" in render([board], "md")
