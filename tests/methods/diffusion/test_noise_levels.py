"""The ladder of noise levels and the way down it, for Gaussian pixels whose denoiser is known."""

from __future__ import annotations

import math
from dataclasses import asdict
from itertools import pairwise

import pytest
import torch
from regene_bench_plugins.methods.diffusion.edm import EDMConfig
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
    assert levels[0] == 80
    assert levels[-2] == 0.002
    assert levels[-1] == 0
    assert levels == sorted(levels, reverse=True)


def test_levels_are_equally_far_apart_as_roots() -> None:
    levels = NoiseLevels(steps=6, sigma_min=0.1, sigma_max=10, rho=3).levels()[:-1]
    roots = torch.tensor([level ** (1 / 3) for level in levels])
    torch.testing.assert_close(roots.diff(), roots.diff()[:1].expand(5))
    linear = NoiseLevels(steps=3, sigma_min=1, sigma_max=3, rho=1).levels()
    assert linear == pytest.approx([3, 2, 1, 0])


def test_a_single_level_is_the_highest() -> None:
    assert NoiseLevels(steps=1).levels() == [80, 0]
    assert NoiseLevels(steps=2).levels() == [80, 0.002, 0]


def error(steps: int, solver: SolverName) -> float:
    """Relative error at level 0, where the exact path x ∝ √(STD² + σ²) ends.

    The last step, Euler's from 0.0001, adds next to nothing.
    """
    sampler = NoiseLevels(steps, solver, sigma_min=1e-4, sigma_max=10)
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


def test_no_step_more_than_doubles_the_variance() -> None:
    """γ is at most √2 − 1, so that at a step no more noise is added than there is."""
    sampler = NoiseLevels(2, "euler", sigma_max=10, sigma_min=1, churn=1e9, churn_noise=1.0)
    asked: list[float] = []

    def noted(x: Tensor, sigma: float) -> Tensor:
        asked.append(sigma)
        return denoise(x, sigma)

    sampler.draw(noted, one)
    assert asked == pytest.approx([10 * math.sqrt(2), math.sqrt(2)])


def test_churn_reaches_the_ends_that_it_is_given() -> None:
    sampler = NoiseLevels(
        2, "euler", sigma_max=10, sigma_min=0.05, churn=2, churn_min=0.05, churn_max=10
    )
    asked: list[str] = []

    def noted(stream: str) -> Tensor:
        asked.append(stream)
        return one(stream)

    sampler.draw(denoise, noted)
    assert asked == ["start", "churn 0", "churn 1"]


def test_noise_that_is_added_has_its_own_deviation() -> None:
    """With one step from σ = 1 raised by γ, a denoiser of zeros gives x · 0, so look before it."""
    seen: list[Tensor] = []

    def noted(x: Tensor, sigma: float) -> Tensor:
        seen.append(x)
        return torch.zeros_like(x)

    gamma = 0.25
    NoiseLevels(1, "euler", sigma_max=1, churn=gamma, churn_noise=2.0).draw(noted, one)
    expected = 1 + 2.0 * math.sqrt((1 + gamma) ** 2 - 1)
    assert float(seen[0]) == pytest.approx(expected)


def test_every_value_of_the_configuration_reaches_its_place() -> None:
    values = {
        "steps": 3,
        "solver": "euler",
        "sigma_min": 0.1,
        "sigma_max": 9.0,
        "rho": 2.0,
        "churn": 1.5,
        "churn_min": 0.2,
        "churn_max": 8.0,
        "churn_noise": 1.1,
    }
    learnt = {"sigma_data": 0.4, "log_mean": -0.5, "log_std": 0.9}
    config = EDMConfig(**values, **learnt)
    assert asdict(config.sampler()) == values
    assert asdict(config.objective()) == learnt
