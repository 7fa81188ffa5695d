"""When two numbers are the same score."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regene_bench.leaderboard.agreement import compare_scores, relative_difference, verdict
from tests.leaderboard.helpers import EXTRACTOR, score

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (1.0, 1.0, "equal"),
        (0.0, 0.0, "equal"),
        (1000.0, 1000.9, "within"),
        (1000.0, 1002.0, "off"),
        (0.0, 1e-12, "off"),
        (-1.0, 1.0, "off"),
        (1.0, math.nan, "off"),
        (math.inf, 1.0, "off"),
    ],
)
def test_verdicts(first: float, second: float, expected: str) -> None:
    assert verdict(first, second, tolerance=1e-3) == expected


@given(NUMBERS, NUMBERS)
def test_the_order_does_not_matter(first: float, second: float) -> None:
    assert verdict(first, second) == verdict(second, first)
    assert relative_difference(first, second) == relative_difference(second, first)


def test_every_published_number_has_an_answer() -> None:
    published = [
        score("fid", 10.0, **EXTRACTOR),
        score("kid", 2.0),
        score("mae", 1.0, class_name="7"),
        score("is", 3.0),
        score("trials", status="unavailable", value=None),
    ]
    repeated = [
        score("fid", 10.0, **EXTRACTOR),
        score("kid", 2.001),
        score("mae", 1.5, class_name="7"),
        score("is", status="unavailable", value=None, error_message="no weights"),
    ]
    found = {one.metric: one for one in compare_scores(published, repeated)}
    verdicts = {name: one.verdict for name, one in found.items()}
    assert verdicts == {"fid": "equal", "kid": "within", "mae": "off", "is": "missing"}
    assert found["is"].reason == "no weights"
    assert found["mae"].difference == pytest.approx(1 / 3)


def test_another_convention_is_another_score() -> None:
    (one,) = compare_scores([score("fid", 1.0)], [score("fid", 1.0, n_generated=7)])
    assert one.verdict == "missing"
    assert one.repeated is None
