"""Precision, recall, density and coverage against their definition and their expectations."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.prdc import PRDC, precision_recall_density_coverage
from regene_bench.evaluation.radii import neighbour_radii

from .builders import gaussian, permuted, rotation


def distances(first: Tensor, second: Tensor) -> np.ndarray:
    """All pairs from differences, rounded to the features' precision."""
    a, b = first.double().numpy(), second.double().numpy()
    squares = np.square(a[:, None] - b[None]).sum(axis=2)
    return np.sqrt(squares.astype(first.numpy().dtype))


def radii_by_definition(features: Tensor, k: int) -> np.ndarray:
    return np.sort(distances(features, features), axis=1)[:, k]


def by_definition(real: Tensor, generated: Tensor, k: int) -> PRDC:
    between = distances(real, generated)
    in_real = between < radii_by_definition(real, k)[:, None]
    in_generated = between < radii_by_definition(generated, k)[None]
    return PRDC(
        precision=in_real.any(axis=0).mean(),
        recall=in_generated.any(axis=1).mean(),
        density=in_real.sum() / (k * len(generated)),
        coverage=in_real.any(axis=1).mean(),
    )


def assert_equal(found: PRDC, expected: PRDC) -> None:
    assert dataclasses.astuple(found) == pytest.approx(dataclasses.astuple(expected), abs=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("n", "m", "dimension", "k"), [(60, 80, 2, 5), (200, 90, 32, 5), (7, 9, 3, 1), (6, 6, 1, 5)]
)
def test_the_tiles_give_the_definition(
    n: int, m: int, dimension: int, k: int, dtype: torch.dtype
) -> None:
    real = gaussian(n, dimension, 0).to(dtype)
    generated = gaussian(m, dimension, 1, shift=0.3, scale=0.8).to(dtype)
    found = precision_recall_density_coverage(real, generated, k=k)
    expected = by_definition(real, generated, k)
    assert expected.density > 0
    assert_equal(found, expected)


@given(
    st.integers(4, 40), st.integers(4, 40), st.integers(1, 4), st.integers(1, 3), st.integers(0, 99)
)
@settings(max_examples=40, deadline=None)
def test_ties_and_copies_fall_as_in_the_definition(
    n: int, m: int, dimension: int, k: int, seed: int
) -> None:
    # few whole numbers: many pairs lie at exactly a radius, and many samples on one another
    rng = np.random.default_rng(seed)
    real = torch.from_numpy(rng.integers(0, 4, (n, dimension)).astype(np.float32))
    generated = torch.from_numpy(rng.integers(1, 5, (m, dimension)).astype(np.float32))
    for chunk in (7, 1024):
        found = precision_recall_density_coverage(real, generated, k=k, chunk=chunk)
        assert_equal(found, by_definition(real, generated, k))


def test_a_set_of_copies_scores_0_beside_itself() -> None:
    copies = torch.ones(20, 3)
    found = precision_recall_density_coverage(copies, copies, k=5)
    assert (found.precision, found.recall, found.density, found.coverage) == (0, 0, 0, 0)
    # no more than k equal ones: each lies within what the others span
    spread = torch.arange(20.0).repeat_interleave(2)[:, None]
    found = precision_recall_density_coverage(spread, spread, k=5)
    assert (found.precision, found.recall) == (1, 1)


def test_near_ties_that_float32_products_cannot_tell_are_settled() -> None:
    # far from the origin of its spread, each pair's distance is a rounding error of its norm
    clusters = 1e3 * gaussian(4, 16, 2).repeat(30, 1)
    real = (clusters + gaussian(120, 16, 3, scale=1e-3)).float()
    generated = (clusters + gaussian(120, 16, 4, scale=1e-3)).float()
    found = precision_recall_density_coverage(real, generated, chunk=50)
    assert_equal(found, by_definition(real, generated, 5))
    torch.testing.assert_close(
        neighbour_radii(real, 5).numpy(), radii_by_definition(real, 5), rtol=1e-7, atol=0
    )


@pytest.mark.parametrize("chunk", [7, 64, 100, 4096])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_chunks_do_not_matter(chunk: int, dtype: torch.dtype) -> None:
    real, generated = gaussian(100, 12, 5).to(dtype), gaussian(61, 12, 6).to(dtype)
    whole = precision_recall_density_coverage(real, generated)
    assert precision_recall_density_coverage(real, generated, chunk=chunk) == whole
    assert torch.equal(neighbour_radii(real, 3, chunk=chunk), neighbour_radii(real, 3))


def test_the_same_sets_give_the_same_numbers() -> None:
    real, generated = gaussian(300, 12, 5).float(), gaussian(200, 12, 6).float()
    first = precision_recall_density_coverage(real, generated)
    assert precision_recall_density_coverage(real.clone(), generated.clone()) == first


@given(st.integers(12, 60), st.integers(1, 8), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_order_rotation_scale_and_shift_do_not_matter(n: int, dimension: int, seed: int) -> None:
    real, generated = gaussian(n, dimension, seed), gaussian(n, dimension, seed + 1, shift=0.5)
    plain = precision_recall_density_coverage(real, generated)
    turn = rotation(dimension, seed)
    for a, b in (
        (permuted(real, 1), permuted(generated, 2)),
        (real @ turn, generated @ turn),
        (real * 1e-6, generated * 1e-6),
        (real * 1e9, generated * 1e9),
        (real + 30, generated + 30),
    ):
        assert_equal(precision_recall_density_coverage(a, b), plain)


def test_swapping_the_sets_swaps_precision_and_recall() -> None:
    real, generated = gaussian(90, 3, 7), gaussian(70, 3, 8, scale=0.5)
    there = precision_recall_density_coverage(real, generated)
    back = precision_recall_density_coverage(generated, real)
    assert (there.precision, there.recall) == (back.recall, back.precision)
    assert there.precision > there.recall


def test_one_distribution_has_the_expected_density_and_coverage() -> None:
    n, m, k = 60, 45, 5
    found = [
        precision_recall_density_coverage(gaussian(n, 8, 2 * s), gaussian(m, 8, 2 * s + 1), k=k)
        for s in range(150)
    ]
    density = np.array([f.density for f in found])
    coverage = np.array([f.coverage for f in found])
    expected = 1 - np.prod([(n - i) / (n + m - i) for i in range(1, k + 1)])
    assert abs(density.mean() - 1) < 4 * density.std() / 150**0.5
    assert abs(coverage.mean() - expected) < 4 * coverage.std() / 150**0.5
    assert coverage.std() < 0.1


def test_sets_that_lie_apart_do_not_meet() -> None:
    found = precision_recall_density_coverage(gaussian(40, 5, 0), gaussian(40, 5, 1, shift=1e3))
    assert found == PRDC(0.0, 0.0, 0.0, 0.0)


def test_samples_on_one_point_have_no_reach() -> None:
    real, point = gaussian(40, 5, 0).float(), torch.zeros(30, 5)
    found = precision_recall_density_coverage(real, point)
    assert found.recall == 0
    assert found.precision in (0, 1)
    assert torch.equal(neighbour_radii(point, 5), torch.zeros(30))
    # nothing is strictly nearer than a radius of zero
    assert precision_recall_density_coverage(point, point) == PRDC(0.0, 0.0, 0.0, 0.0)


def test_a_crowd_of_equal_samples_hides_no_neighbour() -> None:
    crowd = torch.zeros(50, 3)
    few = torch.tensor([[3.0, 0, 0], [0, 4.0, 0], [0, 0, 5.0], [6.0, 0, 0]])
    radii = neighbour_radii(torch.cat([crowd, few]), 2, chunk=9)
    assert torch.equal(radii[:50], torch.zeros(50))
    # the crowd is nearest to each of the others, but for 6, which 3 lies before
    assert radii[50:].tolist() == [3, 4, 5, 6]


def test_too_few_samples_for_k_neighbours_are_refused() -> None:
    with pytest.raises(MethodError, match="5 samples have no 5th neighbour"):
        precision_recall_density_coverage(torch.zeros(5, 4), torch.zeros(9, 4))
    with pytest.raises(MethodError, match="4 samples have no 5th neighbour"):
        precision_recall_density_coverage(gaussian(9, 4, 0), torch.zeros(4, 4))


def test_sets_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(MethodError, match="4 and 5 dimensions"):
        precision_recall_density_coverage(torch.zeros(9, 4), torch.zeros(9, 5))
    bad = torch.zeros(9, 4)
    bad[3, 2] = torch.inf
    with pytest.raises(MethodError, match="second features are not finite in 1 of 9"):
        precision_recall_density_coverage(torch.zeros(9, 4), bad)
    with pytest.raises(MethodError, match=r"must be \[N, D\]"):
        precision_recall_density_coverage(torch.zeros(9), torch.zeros(9))


def test_known_radii_give_the_same_numbers() -> None:
    draw = torch.Generator().manual_seed(8)
    real, generated = (torch.randn(300, 6, generator=draw) for _ in range(2))
    plain = precision_recall_density_coverage(real, generated, k=3)
    radii = neighbour_radii(real, 3)
    assert precision_recall_density_coverage(real, generated, k=3, radii_real=radii) == plain
