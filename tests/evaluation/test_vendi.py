"""Vendi scores against their closed forms, the definition, and the authors' package."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.vendi import vendi_scores

from .builders import gaussian, rotation

ORDERS = (0.0, 0.5, 1.0, 2.0, 7.5, math.inf)


def hill(shares: list[float], order: float) -> float:
    if order == 1:
        return math.exp(-sum(p * math.log(p) for p in shares))
    if math.isinf(order):
        return 1 / max(shares)
    return sum(p**order for p in shares) ** (1 / (1 - order))


def by_definition(features: Tensor, order: float) -> float:
    """Of all similarities; only where there are no zeros among the eigenvalues to be told apart."""
    directions = torch.nn.functional.normalize(features.double())
    kernel = directions @ directions.T / len(features)
    return hill([float(v) for v in torch.linalg.eigvalsh(kernel) if v > 1e-9], order)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dimension", [5, 40])
def test_samples_at_right_angles_count_each(order: float, dimension: int) -> None:
    features = torch.eye(dimension)[:5] * torch.tensor([1.0, 3.0, 0.1, 2.0, 50.0])[:, None]
    assert vendi_scores(features, [order]) == [pytest.approx(5)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("n", [3, 200])
def test_copies_count_once(order: float, n: int) -> None:
    copies = gaussian(1, 30, 0).expand(n, -1)
    assert vendi_scores(copies, [order]) == [pytest.approx(1, abs=1e-9)]


@given(counts=st.lists(st.integers(1, 12), min_size=2, max_size=6), order=st.sampled_from(ORDERS))
@settings(max_examples=40, deadline=None)
def test_copies_of_some_kinds_have_the_hill_number_of_their_shares(
    counts: list[int], order: float
) -> None:
    # what rounding makes of the zeros among the eigenvalues counts as nothing, at order 0 too
    kinds = torch.eye(8)[: len(counts)] @ rotation(8, 3).float()
    features = kinds.repeat_interleave(torch.tensor(counts), dim=0)
    shares = [count / sum(counts) for count in counts]
    assert vendi_scores(features, [order]) == [pytest.approx(hill(shares, order), rel=1e-6)]


@pytest.mark.parametrize(("n", "dimension"), [(30, 12), (12, 30)])
def test_either_gram_matrix_gives_the_definition(n: int, dimension: int) -> None:
    features = gaussian(n, dimension, 4, shift=0.5)
    expected = [by_definition(features, order) for order in ORDERS]
    assert vendi_scores(features, ORDERS) == pytest.approx(expected, rel=1e-9)


def test_lower_orders_count_rare_samples_more() -> None:
    found = vendi_scores(gaussian(60, 10, 1, shift=1.0), ORDERS)
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(10)


def test_lengths_do_not_count() -> None:
    features = gaussian(20, 6, 2)
    scaled = features * torch.linspace(0.1, 9, 20)[:, None]
    assert vendi_scores(scaled) == pytest.approx(vendi_scores(features))


@pytest.mark.parametrize("order", ORDERS)
def test_samples_without_a_direction_are_one_kind_of_their_own(order: float) -> None:
    features = torch.cat([torch.eye(6)[:3], torch.zeros(3, 6)])
    assert vendi_scores(features, [order]) == [pytest.approx(hill([1 / 6] * 3 + [1 / 2], order))]


def test_nonsense_is_refused() -> None:
    features = gaussian(5, 4, 0)
    with pytest.raises(MethodError, match="at least 2"):
        vendi_scores(features[:1])
    with pytest.raises(ValueError, match="orders"):
        vendi_scores(gaussian(5, 4, 0), [-1.0])


@pytest.mark.filterwarnings("ignore:.*scipy.sparse:DeprecationWarning")
@pytest.mark.parametrize("order", [0.5, 1, 2, "inf"])
def test_the_package_of_the_authors_agrees(order: float | str) -> None:
    vendi = pytest.importorskip("vendi_score.vendi")
    features = gaussian(25, 40, 6)
    directions = torch.nn.functional.normalize(features.double()).numpy()
    expected = vendi.score_K(directions @ directions.T, q=order)
    assert vendi_scores(features, [float(order)]) == pytest.approx([expected], rel=1e-6)
