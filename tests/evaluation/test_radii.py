"""Distances to the k-th nearest other sample are those of their definition, in any order."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from regene_bench.evaluation.radii import neighbour_radii

from .builders import gaussian, permuted
from .hard_features import HARD, WAYS, with_low_precision


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the products that bound the distances are made."""
    WAYS[request.param](monkeypatch.setattr)
    return str(request.param)


def by_definition(features: Tensor, k: int) -> Tensor:
    values = features.double()
    distances = (values[:, None] - values[None]).square().sum(dim=2).sqrt()
    distances.fill_diagonal_(torch.inf)
    return distances.sort(dim=1).values[:, k - 1].to(features.dtype)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("chunk", [16, 1024])
@pytest.mark.parametrize("name", HARD)
def test_radii_are_those_of_the_definition(name: str, chunk: int, k: int) -> None:
    features = HARD[name]().float()
    found = neighbour_radii(features, k, chunk=chunk)
    torch.testing.assert_close(found, by_definition(features, k), rtol=1e-6, atol=0)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("name", HARD)
def test_so_are_those_of_float64_features(name: str) -> None:
    features = HARD[name]()
    found = neighbour_radii(features, 3, chunk=16)
    torch.testing.assert_close(found, by_definition(features, 3), rtol=1e-9, atol=0)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("near_last", [False, True])
def test_the_order_of_the_samples_does_not_matter(near_last: bool) -> None:
    # on a ray, far ones first or last: each tile may hold nothing but nearer samples than before
    line = (1.05 ** torch.arange(200, dtype=torch.float32))[:, None] * torch.ones(1, 3)
    features = line.flip(0) if near_last else line
    expected = neighbour_radii(permuted(features, 1), 4, chunk=16).sort().values
    assert torch.equal(neighbour_radii(features, 4, chunk=16).sort().values, expected)


def test_more_near_samples_than_are_kept_are_all_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    # bounds of eight bits cannot tell any two samples of a tight cluster apart
    with_low_precision(monkeypatch.setattr)
    features = torch.cat([gaussian(120, 5, 0) / 1e3, 1e2 + gaussian(120, 5, 1) / 1e3])
    found = neighbour_radii(features, 2, chunk=64)
    torch.testing.assert_close(found, by_definition(features, 2), rtol=1e-9, atol=0)
