"""Nearest neighbours are those of brute force, and a copy is at distance 0."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.nearest import nearest


def normal(n: int, d: int, seed: int, mean: float = 0.0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + mean


def pictures(n: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 3, 8, 8), generator=generator, dtype=torch.uint8)


def brute_force(a: Tensor, b: Tensor) -> Tensor:
    """All distances from the differences, float64 ``[N, M]``."""
    difference = a.double().flatten(1)[:, None] - b.double().flatten(1)[None]
    return difference.square().sum(dim=2).sqrt()


@pytest.mark.parametrize("k", [1, 3])
def test_neighbours_are_those_of_brute_force(k: int) -> None:
    a, b = normal(70, 20, seed=0), normal(150, 20, seed=1)
    expected = brute_force(a, b).sort(dim=1)
    found = nearest(a, b, k)
    torch.testing.assert_close(found.distances, expected.values[:, :k], rtol=1e-12, atol=0)
    assert torch.equal(found.indices, expected.indices[:, :k])


def test_uint8_pictures_are_compared_as_they_are() -> None:
    a, b = pictures(20, seed=0), pictures(60, seed=1)
    expected = brute_force(a, b).min(dim=1)
    found = nearest(a, b)
    assert torch.equal(found.distances[:, 0], expected.values)
    assert torch.equal(found.indices[:, 0], expected.indices)


def test_a_copy_has_distance_zero_however_far_off_the_origin() -> None:
    b = normal(500, 64, seed=0, mean=1e4)
    found = nearest(b[::7].clone(), b)
    assert found.distances.eq(0).all()
    assert torch.equal(found.indices[:, 0], torch.arange(0, 500, 7))


def test_a_distance_below_the_rounding_of_the_norms_is_right() -> None:
    b = normal(300, 64, seed=0, mean=100.0)
    a = b[:50].clone()
    a[:, 0] += 1e-4
    expected = brute_force(a, b).min(dim=1).values
    torch.testing.assert_close(nearest(a, b).distances[:, 0], expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_the_size_of_chunks_does_not_matter(chunk: int) -> None:
    a, b = pictures(30, seed=2), pictures(100, seed=3)
    b[50:] = b[:50]
    whole, parts = nearest(a, b, 4), nearest(a, b, 4, chunk=chunk)
    assert torch.equal(whole.distances, parts.distances)
    assert torch.equal(whole.indices, parts.indices)


def test_of_equal_neighbours_the_first_is_named() -> None:
    b = normal(40, 5, seed=0).repeat(3, 1)
    assert torch.equal(nearest(b[:40], b).indices[:, 0], torch.arange(40))


def test_a_sample_does_not_find_itself_if_excluded_but_finds_its_double() -> None:
    b = normal(60, 10, seed=0)
    expected = brute_force(b, b)
    expected.fill_diagonal_(torch.inf)
    itself = torch.arange(60)
    found = nearest(b, b, exclude=itself, chunk=16)
    torch.testing.assert_close(
        found.distances[:, 0], expected.min(dim=1).values, rtol=1e-12, atol=0
    )

    doubled = b.repeat(2, 1)
    found = nearest(b, doubled, exclude=itself)
    assert torch.equal(found.indices[:, 0], itself + 60)
    assert found.distances.eq(0).all()


def test_two_references_of_which_one_is_excluded_leave_the_other() -> None:
    b = normal(2, 3, seed=0)
    assert nearest(b, b, exclude=torch.tensor([0, 1])).indices.tolist() == [[1], [0]]


def test_more_queries_than_a_chunk_holds() -> None:
    a, b = normal(2500, 2, seed=0), normal(9, 2, seed=1)
    expected = brute_force(a, b).argmin(dim=1)
    assert torch.equal(nearest(a, b).indices[:, 0], expected)


@pytest.mark.parametrize(
    ("a", "b", "k", "message"),
    [
        (normal(3, 4, 0), normal(3, 5, 0), 1, "4 and 5 dimensions"),
        (normal(3, 4, 0), normal(3, 4, 0), 4, "4 neighbours cannot be found among 3"),
        (normal(0, 4, 0), normal(3, 4, 0), 1, "nothing to find neighbours of"),
        (normal(3, 4, 0) * torch.nan, normal(3, 4, 0), 1, "queries are not finite"),
        (normal(3, 4, 0), normal(3, 4, 0) / 0, 1, "references are not finite"),
    ],
)
def test_what_has_no_neighbours_is_refused(a: Tensor, b: Tensor, k: int, message: str) -> None:
    with pytest.raises(MethodError, match=message):
        nearest(a, b, k)


def test_itself_as_the_only_reference_is_refused() -> None:
    one = normal(1, 4, 0)
    with pytest.raises(MethodError, match="1 neighbours cannot be found among 0"):
        nearest(one, one, exclude=torch.tensor([0]))
