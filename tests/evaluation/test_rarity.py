"""Rarity scores against hand-made sets and their definition."""

from __future__ import annotations

import pytest
import torch

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.radii import neighbour_radii
from regene_bench.evaluation.rarity import rarity_scores

from .builders import gaussian


def test_a_sample_is_as_rare_as_its_smallest_real_ball_is_large() -> None:
    # dense from 0 to 4, sparse from 10 to 30; balls reach to the nearest other sample
    real = torch.tensor([0.0, 1, 2, 3, 4, 10, 20, 30])[:, None]
    generated = torch.tensor([0.5, 4.5, 8.0, 25.0, 60.0])[:, None]
    found = rarity_scores(real, generated, k=1)
    # 8.0 lies in the ball of 10, which reaches down to 4; none reaches 60
    assert found.tolist() == [1.0, 1.0, 6.0, 10.0, torch.inf]


def test_a_distance_equal_to_the_radius_is_outside() -> None:
    real = torch.tensor([0.0, 1, 2])[:, None]
    assert rarity_scores(real, torch.tensor([[3.0], [2.5]]), k=1).tolist() == [torch.inf, 1.0]


@pytest.mark.parametrize(("n", "m", "chunk"), [(50, 30, 1024), (90, 120, 32)])
def test_the_tiles_give_the_definition(n: int, m: int, chunk: int) -> None:
    real, generated = gaussian(n, 4, 0), gaussian(m, 4, 1, scale=1.3)
    radii = neighbour_radii(real, 3)
    distances = (generated.double()[:, None] - real.double()[None]).norm(dim=2)
    balls = torch.where(distances < radii, radii.double(), torch.inf)
    expected = balls.min(dim=1).values
    assert 0 < int(torch.isinf(expected).sum()) < m
    found = rarity_scores(real, generated, k=3, chunk=chunk)
    assert found.double().tolist() == pytest.approx(expected.tolist())


def test_too_few_real_samples_have_no_balls() -> None:
    with pytest.raises(MethodError, match="neighbour"):
        rarity_scores(gaussian(3, 2, 0), gaussian(5, 2, 1), k=3)
