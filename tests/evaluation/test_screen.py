"""Bounds of distances hold for any features, and what they leave open is settled exactly."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from regene_bench.evaluation.screen import Screen

from .builders import gaussian
from .hard_features import HARD, WAYS, with_low_precision

CHUNK = 32


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the products of the tiles are made."""
    WAYS[request.param](monkeypatch.setattr)
    return str(request.param)


def squares(first: Tensor, second: Tensor, scale: float) -> Tensor:
    """Squared distances from differences, in units of a screen."""
    a, b = first.double() * scale, second.double() * scale
    return (a[:, None] - b[None]).square().sum(dim=2)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", HARD)
def test_every_squared_distance_lies_within_its_bounds(name: str, dtype: torch.dtype) -> None:
    first = HARD[name]().to(dtype)
    second = first[torch.arange(len(first) - 7)] * 0.75
    screen = Screen(first, second, CHUNK)
    exact = squares(first, second, screen.scale)
    for row in range(0, len(first), CHUNK):
        for tile in screen.tiles(row):
            here = torch.ones_like(tile.lower, dtype=torch.bool).nonzero(as_tuple=True)
            expected = exact[here[0] + row, here[1] + tile.column]
            lower = tile.lower[here].double()
            upper = screen.upper(lower, here[0] + row, here[1] + tile.column)
            assert (lower <= expected).all()
            assert (expected <= upper).all()
            lower, upper = screen.bounds(tile, *here)
            assert (lower <= expected).all()
            assert (expected <= upper).all()


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", HARD)
def test_pairs_within_a_radius_are_those_of_the_distances(name: str, dtype: torch.dtype) -> None:
    features = HARD[name]().to(dtype)
    screen = Screen(features, features, CHUNK)
    every = torch.arange(len(features))
    i, j = (index.flatten() for index in torch.meshgrid(every, every, indexing="ij"))
    distances = screen.distances(i, j).view(len(features), -1)
    # the distance of a pair itself is a radius that nothing but the exact value can tell from it
    radii = distances.sort(dim=1).values[:, 3]
    found = torch.zeros_like(distances, dtype=torch.bool)
    by_column = torch.zeros_like(found)
    for row in range(0, len(features), CHUNK):
        for tile in screen.tiles(row):
            height, width = tile.lower.shape
            found[screen.within(tile, radii[row : row + height, None])] = True
            by_column[screen.within(tile, radii[None, tile.column : tile.column + width])] = True
    assert torch.equal(found, distances < radii[:, None])
    assert torch.equal(by_column, distances < radii[None])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_many_pairs_get_narrower_bounds_than_few(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_low_precision(monkeypatch.setattr)
    features = gaussian(CHUNK, 16, 0).to(dtype)
    screen = Screen(features, features, CHUNK)
    (tile,) = screen.tiles(0)
    few = torch.arange(1, 3)
    many = torch.ones(CHUNK, CHUNK).nonzero(as_tuple=True)
    wide = torch.sub(*reversed(screen.bounds(tile, few, few - 1)))
    narrow = torch.sub(*reversed(screen.bounds(tile, *many)))
    assert narrow.max() < wide.min() / 20


def test_a_pair_has_a_distance_as_long_as_there_are_pairs() -> None:
    features = gaussian(5, 3, 0).float()
    none = torch.zeros(0, dtype=torch.int64)
    found = Screen(features, features, CHUNK).distances(none, none)
    assert (found.shape, found.dtype) == ((0,), torch.float32)
