"""Diversity is a mean over pairs of distinct samples."""

from __future__ import annotations

import pytest
import torch

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.diversity import draw_pairs, mean_pair_distance, mean_pair_ssim

CPU = torch.device("cpu")


def test_few_samples_give_each_pair_once() -> None:
    pairs = draw_pairs(4, 6, 0, CPU)
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [
        (0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3),
    ]  # fmt: skip


def test_many_samples_give_the_pairs_that_were_asked_for_without_a_sample_and_itself() -> None:
    pairs = draw_pairs(30, 400, 0, CPU)
    assert len(pairs) == 400
    assert not pairs.first.eq(pairs.second).any()
    assert set(pairs.first.tolist()) == set(pairs.second.tolist()) == set(range(30))


def test_pairs_are_those_of_their_seed() -> None:
    one, same, other = (draw_pairs(100, 50, seed, CPU) for seed in (1, 1, 2))
    assert torch.equal(one.first, same.first)
    assert torch.equal(one.second, same.second)
    assert not torch.equal(one.first, other.first)


def test_pairs_are_uniform() -> None:
    pairs = draw_pairs(5, 9, 0, CPU)
    counts = torch.zeros(5, 5)
    for seed in range(4000):
        pairs = draw_pairs(5, 9, seed, CPU)
        counts[pairs.first, pairs.second] += 1
    apart = counts[~torch.eye(5, dtype=torch.bool)]
    assert counts.diagonal().sum() == 0
    assert apart.max() / apart.min() < 1.2


def test_mean_distance_of_all_pairs() -> None:
    features = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 8.0]])
    expected = (5 + 8 + 5) / 3
    assert mean_pair_distance(features, draw_pairs(3, 3, 0, CPU)) == pytest.approx(expected)


def test_drawn_pairs_estimate_the_mean_of_all() -> None:
    features = torch.randn(300, 16, generator=torch.Generator().manual_seed(0))
    every = mean_pair_distance(features, draw_pairs(300, 10**6, 0, CPU))
    assert every == pytest.approx(float(torch.pdist(features).mean()), rel=1e-6)
    assert mean_pair_distance(features, draw_pairs(300, 2000, 0, CPU)) == pytest.approx(
        every, rel=0.02
    )


def test_the_mean_does_not_depend_on_the_number_of_samples() -> None:
    generator = torch.Generator().manual_seed(0)
    few = [mean_pair_distance(torch.randn(8, 16, generator=generator), draw_pairs(8, 28, 0, CPU))
           for _ in range(400)]  # fmt: skip
    many = torch.randn(4000, 16, generator=generator)
    expected = mean_pair_distance(many, draw_pairs(4000, 100_000, 0, CPU))
    assert sum(few) / len(few) == pytest.approx(expected, rel=0.01)


def test_one_image_repeated_has_no_diversity() -> None:
    image = torch.randint(0, 256, (1, 3, 16, 16), dtype=torch.uint8)
    images = image.expand(10, -1, -1, -1)
    pairs = draw_pairs(10, 20, 0, CPU)
    assert mean_pair_ssim(images, pairs) == pytest.approx(1.0, abs=1e-6)
    assert mean_pair_distance(images.flatten(1).float(), pairs) == 0.0


def test_one_sample_makes_no_pair() -> None:
    with pytest.raises(MethodError, match="1 samples make no pair"):
        draw_pairs(1, 10, 0, CPU)


def test_features_that_are_not_finite_are_refused() -> None:
    features = torch.tensor([[0.0], [torch.nan]])
    with pytest.raises(MethodError, match="not finite"):
        mean_pair_distance(features, draw_pairs(2, 1, 0, CPU))
