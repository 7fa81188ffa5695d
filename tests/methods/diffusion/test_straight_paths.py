"""Flow matching between two Gaussians, where velocity and flow are known."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from regene_bench_plugins.methods.diffusion.ode import SolverName
from regene_bench_plugins.methods.diffusion.path_sampler import PathSampler
from regene_bench_plugins.methods.diffusion.straight_paths import StraightPaths
from torch import Tensor

MEAN, STD = 0.4, 0.3


def velocity(x: Tensor, time: float | Tensor) -> Tensor:
    """E[y − n | x] for y ~ N(MEAN, STD²), n ~ N(0, 1) and x = (1 − t) n + t y."""
    variance = (1 - time) ** 2 + (time * STD) ** 2
    return MEAN + (time * STD**2 - (1 - time)) / variance * (x - time * MEAN)


def start(_: str) -> Tensor:
    return torch.linspace(-3, 3, 41, dtype=torch.float64)[:, None, None, None]


def error(steps: int, solver: SolverName) -> float:
    """Of the flow, which maps x at time 0 to MEAN + STD · x."""
    found = PathSampler(steps, solver).draw(velocity, start)
    return float((found - (MEAN + STD * start(""))).abs().max())


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2)])
def test_solvers_have_their_order(solver: SolverName, order: int) -> None:
    """Twice the steps, 2^order times less error."""
    errors = [error(steps, solver) for steps in (64, 128, 256)]
    for coarse, fine in pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(order, abs=0.1)


def test_a_constant_velocity_takes_one_step() -> None:
    """Between one image and all noise paths are straight where each goes to its own end."""
    found = PathSampler(1, "euler").draw(lambda x, time: torch.full_like(x, 2.0), start)
    torch.testing.assert_close(found, start("") + 2)


@pytest.mark.parametrize(("solver", "calls"), [("euler", 5), ("heun", 10)])
def test_how_often_the_network_is_asked(solver: SolverName, calls: int) -> None:
    times: list[float] = []

    def noted(x: Tensor, time: float) -> Tensor:
        times.append(time)
        return x

    PathSampler(5, solver).draw(noted, start)
    assert len(times) == calls
    assert min(times) == 0
    assert max(times) == (1.0 if solver == "heun" else 0.8)


def test_the_known_velocity_has_the_least_loss() -> None:
    """Its loss is what is left of y − n when x is known: Var(y − n | x), averaged over time."""
    torch.manual_seed(0)
    images = MEAN + STD * torch.randn(20_000, 1, 1, 1)
    labels = torch.zeros(len(images), dtype=torch.int64)

    def ideal(x: Tensor, times: Tensor, _: Tensor) -> Tensor:
        return velocity(x, times[:, None, None, None])

    def loss(network: object) -> float:
        torch.manual_seed(1)
        return float(StraightPaths().losses(network, images, labels).mean())  # type: ignore[arg-type]

    # Var(y − n | x) = STD² / ((1 − t)² + t² STD²), whose integral over t in [0, 1] is STD · π / 2
    least = STD * math.pi / 2
    assert loss(ideal) == pytest.approx(least, rel=0.03)
    assert loss(lambda *given: ideal(*given) + 0.1) > loss(ideal)
    assert loss(lambda *given: 0.9 * ideal(*given)) > loss(ideal)


def test_the_last_step_goes_to_the_image_that_is_predicted() -> None:
    """x + (1 − t) E[y − n | x] = E[y | x]: no noise is left, however early it begins."""
    for last in (0.5, 0.9):
        begun = PathSampler(64, "heun", last)
        assert begun.times()[-2:] == [last, 1.0]
        assert len(begun.times()) == 65
        found = begun.draw(velocity, start)
        # the flow maps a start z to t · MEAN + z · √Var(x) at time t
        variance = (1 - last) ** 2 + (last * STD) ** 2
        x = last * MEAN + start("") * math.sqrt(variance)
        mean_image = MEAN + last * STD**2 / variance * (x - last * MEAN)
        torch.testing.assert_close(found, mean_image, rtol=0, atol=5e-4)


def test_equal_steps_end_where_they_always_have() -> None:
    assert PathSampler(4).times() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert PathSampler(1, last=0.8).times() == [0.0, 1.0]
