"""What LAPACK computes of symmetric matrices is what torch does by the general way."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info
from torch import Tensor

from regene_bench.evaluation import symmetric
from regene_bench.evaluation.symmetric import (
    cholesky,
    eigenvalues,
    eigenvalues_between,
    gram,
    triangular_factor,
)


def samples(n: int, dimension: int, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(n, dimension, generator=draw, dtype=torch.float64)


@pytest.mark.parametrize(("n", "dimension"), [(1, 1), (5, 3), (3, 5), (300, 130)])
def test_a_gram_matrix_is_the_product_and_symmetric_to_the_bit(n: int, dimension: int) -> None:
    rows = samples(n, dimension)
    found = gram(rows)
    torch.testing.assert_close(found, torch.einsum("ni,nj->ij", rows, rows), rtol=1e-12, atol=1e-12)
    assert torch.equal(found, found.T)
    # of columns, too, which another memory order is
    torch.testing.assert_close(gram(rows.T), rows @ rows.T, rtol=1e-12, atol=1e-12)


@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_a_factor_is_lower_triangular_and_gives_the_matrix(
    dimension: int, rank: int, seed: int
) -> None:
    matrix = gram(samples(rank, dimension, seed))
    factor = triangular_factor(matrix)
    assert torch.equal(factor, factor.tril())
    torch.testing.assert_close(factor @ factor.T, matrix, rtol=1e-9, atol=1e-9)


def test_only_a_definite_matrix_has_a_cholesky_factor() -> None:
    definite = gram(samples(9, 4)) + torch.eye(4, dtype=torch.float64)
    found = cholesky(definite)
    assert found is not None
    torch.testing.assert_close(found, torch.linalg.cholesky(definite))
    assert cholesky(torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64))) is None


@pytest.mark.parametrize("rank", [200, 7])
def test_eigenvalues_are_those_of_the_full_product(rank: int) -> None:
    one, other = gram(samples(rank, 50)), gram(samples(80, 50, seed=1))
    before = other.clone()
    factor = triangular_factor(one)
    found = eigenvalues_between(factor, other)
    expected = torch.linalg.eigvalsh(factor.T @ other @ factor)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9 * float(expected[-1]))
    torch.testing.assert_close(eigenvalues(other), torch.linalg.eigvalsh(other))
    assert torch.equal(other, before)


def test_on_another_device_they_are_torchs(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = gram(samples(90, 20)), gram(samples(90, 20, seed=1))
    here = eigenvalues_between(triangular_factor(one), other)
    monkeypatch.setattr(symmetric, "_by_lapack", lambda matrix: False)
    there = eigenvalues_between(triangular_factor(one), other)
    torch.testing.assert_close(there, here, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(gram(one), one.T @ one)


def test_as_many_threads_work_as_torch_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[int]] = []
    plain = symmetric._eigenvalues

    def watched(upper: object) -> Tensor:
        libraries = [found for found in threadpool_info() if found["user_api"] == "blas"]
        seen.append({found["num_threads"] for found in libraries})
        return plain(upper)  # type: ignore[arg-type]

    monkeypatch.setattr(symmetric, "_eigenvalues", watched)
    before = torch.get_num_threads()
    try:
        for threads in (2, 1):
            torch.set_num_threads(threads)
            eigenvalues(gram(samples(9, 4)))
    finally:
        torch.set_num_threads(before)
    assert seen == [{2}, {1}]


@pytest.mark.parametrize("lapack", [True, False])
def test_what_is_not_finite_gives_nan_and_no_zero(
    lapack: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not lapack:
        monkeypatch.setattr(symmetric, "_by_lapack", lambda matrix: False)
    infinite = torch.diag(torch.tensor([1.0, torch.inf, 2.0], dtype=torch.float64))
    identity = torch.eye(3, dtype=torch.float64)
    assert bool(eigenvalues(infinite).isnan().all())
    assert bool(eigenvalues_between(identity, infinite).isnan().all())
    assert bool(triangular_factor(infinite).isnan().all())


def test_features_with_a_history_of_slopes_are_taken() -> None:
    rows = samples(9, 4).requires_grad_()
    torch.testing.assert_close(eigenvalues(gram(rows)), torch.linalg.eigvalsh(rows.T @ rows))
