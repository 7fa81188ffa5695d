"""The Inception score against its closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.inception_score import count_splits, inception_score


def certain(labels: Tensor, n_classes: int) -> Tensor:
    """Logits of a classifier that has no doubt at all."""
    return 1e4 * torch.nn.functional.one_hot(labels, n_classes).double()


@pytest.mark.parametrize("n_classes", [2, 10, 1000])
def test_certain_and_balanced_posteriors_score_the_number_of_classes(n_classes: int) -> None:
    logits = certain(torch.arange(3 * n_classes) % n_classes, n_classes)
    mean, spread = inception_score(logits, splits=1)
    assert mean == pytest.approx(n_classes, rel=1e-9)
    assert spread == 0


@pytest.mark.parametrize("row", [[0.0, 0.0, 0.0], [1e4, 0.0, 0.0], [2.0, -1.0, 0.3]])
def test_one_posterior_for_all_scores_one(row: list[float]) -> None:
    mean, spread = inception_score(torch.tensor(row).expand(50, 3), splits=5)
    assert mean == pytest.approx(1.0, abs=1e-12)
    assert spread == pytest.approx(0.0, abs=1e-12)


def test_symmetric_confidence_has_a_closed_form() -> None:
    k, a = 10, 0.91
    p = torch.full((k, k), (1 - a) / (k - 1), dtype=torch.float64).fill_diagonal_(a)
    mean, _ = inception_score(p.log().repeat(7, 1), splits=1)
    assert mean == pytest.approx(6.063560, abs=5e-7)
    closed = k * math.exp(a * math.log(a) + (1 - a) * math.log((1 - a) / (k - 1)))
    assert mean == pytest.approx(closed, rel=1e-12)


def test_adding_a_constant_to_the_logits_changes_nothing() -> None:
    logits = torch.randn(40, 6, generator=torch.Generator().manual_seed(0)).double()
    shift = torch.linspace(-50, 50, 40, dtype=torch.float64)[:, None]
    assert inception_score(logits + shift) == pytest.approx(inception_score(logits), rel=1e-9)


def test_splits_are_consecutive_slices_and_the_spread_is_of_the_population() -> None:
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((23, 4)) * 3
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    scores = []
    for i in range(5):
        part = p[i * 23 // 5 : (i + 1) * 23 // 5]
        divergence = (part * np.log(part / part.mean(0))).sum(1)
        scores.append(np.exp(divergence.mean()))
    found = inception_score(torch.from_numpy(logits), splits=5, seed=None)
    assert found == pytest.approx((np.mean(scores), np.std(scores)), rel=1e-10)
    assert found[1] > 0


def test_samples_sorted_by_class_are_permuted_before_they_are_split() -> None:
    logits = certain(torch.arange(10).repeat_interleave(100), 10)
    in_order, _ = inception_score(logits, splits=10, seed=None)
    assert in_order == pytest.approx(1.0)
    mean, _ = inception_score(logits, splits=10)
    assert 8.5 < mean < 10


def test_the_permutation_is_fixed() -> None:
    logits = torch.randn(100, 5, generator=torch.Generator().manual_seed(1))
    first = inception_score(logits)
    torch.manual_seed(99)
    assert inception_score(logits) == first
    assert inception_score(logits, seed=1) != first


@pytest.mark.parametrize(
    ("n", "n_classes", "splits"),
    [(100, 10, 10), (99, 10, 9), (40, 10, 4), (10, 10, 1), (9, 10, 0), (5000, 1000, 5), (7, 1, 7)],
)
def test_each_split_has_as_many_samples_as_there_are_classes(
    n: int, n_classes: int, splits: int
) -> None:
    assert count_splits(n, n_classes) == splits


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(MethodError, match="10 splits needs more than 9"):
        inception_score(torch.zeros(9, 3))


def test_logits_that_are_not_finite_are_refused() -> None:
    logits = torch.zeros(20, 3)
    logits[4, 1] = float("nan")
    with pytest.raises(MethodError, match="not finite"):
        inception_score(logits)
