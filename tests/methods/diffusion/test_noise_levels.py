"""The ladder of noise levels and the way down it, for Gaussian pixels whose denoiser is known."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from regene_bench_plugins.methods.diffusion.noise_levels import NoiseLevels
from regene_bench_plugins.methods.diffusion.ode import SolverName
from torch import Tensor

STD = 0.5


def denoise(x: Tensor, sigma: float) -> Tensor:
    """E[y | x] for y ~ N(0, STD²) and x = y + σ n."""
    return x * STD**2 / (STD**2 + sigma**2)


def one(_: str) -> Tensor:
    return torch.ones(1, 1, 1, 1, dtype=torch.float64)


def test_levels_go_from_the_highest_to_the_lowest_and_to_zero() -> None:
    levels = NoiseLevels(steps=18).levels()
    assert len(levels) == 19
    assert levels[0] == pytest.approx(80)
    assert levels[-2] == pytest.approx(0.002)
    assert levels[-1] == 0
    assert levels == sorted(levels, reverse=True)


def test_levels_are_equally_far_apart_as_roots() -> None:
    levels = NoiseLevels(steps=6, lowest=0.1, highest=10, rho=3).levels()[:-1]
    roots = torch.tensor([level ** (1 / 3) for level in levels])
    torch.testing.assert_close(roots.diff(), roots.diff()[:1].expand(5))
    linear = NoiseLevels(steps=3, lowest=1, highest=3, rho=1).levels()
    assert linear == pytest.approx([3, 2, 1, 0])


def test_a_single_level_is_the_highest() -> None:
    assert NoiseLevels(steps=1).levels() == pytest.approx([80, 0])


def error(steps: int, solver: SolverName) -> float:
    """Relative error at the lowest level but one, where the exact path is x ∝ √(STD² + σ²)."""
    sampler = NoiseLevels(steps, solver, lowest=1e-4, highest=10)
    found = float(sampler.draw(denoise, one))
    exact = 10 * STD / math.sqrt(STD**2 + 10**2)
    return abs(found - exact) / exact


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2)])
def test_solvers_have_their_order(solver: SolverName, order: int) -> None:
    """Twice the steps, 2^order times less error."""
    errors = [error(steps, solver) for steps in (129, 257, 513)]
    for coarse, fine in pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize(("solver", "calls"), [("euler", 7), ("heun", 13)])
def test_the_last_step_is_euler_s(solver: SolverName, calls: int) -> None:
    """At level 0 the equation has no direction: nobody is asked for one."""
    asked: list[float] = []

    def noted(x: Tensor, sigma: float) -> Tensor:
        asked.append(sigma)
        return denoise(x, sigma)

    NoiseLevels(7, solver).draw(noted, one)
    assert len(asked) == calls
    assert min(asked) == pytest.approx(0.002)


def draw_many(sampler: NoiseLevels) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    drawn: dict[str, Tensor] = {}

    def noise(stream: str) -> Tensor:
        assert stream not in drawn
        drawn[stream] = torch.randn(40_000, 1, 1, 1, generator=generator, dtype=torch.float64)
        return drawn[stream]

    found = sampler.draw(denoise, noise)
    return torch.tensor([float(found.std()), len(drawn)])


def test_churn_adds_noise_and_leaves_the_distribution() -> None:
    still, churned = NoiseLevels(100), NoiseLevels(100, churn=30, churn_noise=1.0)
    for sampler in (still, churned):
        assert float(draw_many(sampler)[0]) == pytest.approx(STD, rel=0.02)
    inside = [level for level in churned.levels() if 0.05 <= level <= 50]
    assert draw_many(still)[1] == 1
    assert draw_many(churned)[1] == 1 + len(inside)


def test_more_than_no_doubling_of_variance_is_added() -> None:
    """γ is at most √2 − 1, so that at a step no more noise is added than there is."""
    sampler = NoiseLevels(2, "euler", highest=10, lowest=1, churn=1e9, churn_noise=1.0)
    asked: list[float] = []

    def noted(x: Tensor, sigma: float) -> Tensor:
        asked.append(sigma)
        return denoise(x, sigma)

    sampler.draw(noted, one)
    assert asked == pytest.approx([10 * math.sqrt(2), math.sqrt(2)])
