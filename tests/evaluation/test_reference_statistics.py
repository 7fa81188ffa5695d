"""Mean and covariance in the place of real images: closed forms, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from regene_bench.base.errors import DataError
from regene_bench.evaluation.extractor import ExtractorCard
from regene_bench.evaluation.extrapolation import frechet_at_infinity, frechet_at_infinity_from
from regene_bench.evaluation.frechet import frechet_distance, frechet_from
from regene_bench.evaluation.reference_statistics import ReferenceStatistics, StatisticsOrigin

from .builders import gaussian, rotation
from .test_frechet import samples_with

CPU = torch.device("cpu")
CARD = ExtractorCard("net", 0, (0.0, 1.0), 3, "aa", "as-is")
ORIGIN = StatisticsOrigin(
    extractor="net",
    weights_sha256="aa",
    preprocess_id="as-is",
    dtype="float32",
    n=7,
    image_shape=(1, 8, 8),
    benchmark="digits",
    protocol_version=1,
    preset="quick",
    split="train",
    dataset_fingerprint="ff",
)


def statistics(
    mu: np.ndarray, sigma: np.ndarray, origin: StatisticsOrigin | None = None
) -> ReferenceStatistics:
    return ReferenceStatistics.checked(mu, sigma, "ref.npz", origin)


def of_features(features: torch.Tensor) -> ReferenceStatistics:
    values = features.numpy()
    return statistics(values.mean(axis=0), np.cov(values, rowvar=False))


@pytest.mark.parametrize("n", [4, 40], ids=["fewer samples than dimensions", "more"])
def test_commuting_covariances_have_a_closed_form(n: int) -> None:
    """|m₁ − m₂|² + Σ (a − b)², for variances a² and b² along the same axes."""
    axes = rotation(6, 0).numpy()
    rank = min(n - 1, 6)
    a, b = np.array([3.0, 2.0, 1.0, 0.5, 0.1, 0.0]), np.array([1.0, 2.0, 4.0, 0.2, 0.0, 0.3])
    b[rank:] = 0
    m1, m2 = np.arange(6.0), np.full(6, 2.0)
    features = samples_with(m2, (axes * b)[:, :rank], n, 1)
    found = statistics(m1, (axes * a**2) @ axes.T)
    expected = ((m1 - m2) ** 2).sum() + ((a - b) ** 2).sum()
    assert frechet_from(found.gaussian(CPU), features) == pytest.approx(expected, rel=1e-7)


def test_statistics_of_features_stand_for_them() -> None:
    real, generated = gaussian(60, 5, 0), gaussian(70, 5, 1, shift=0.5)
    fixed = of_features(real).gaussian(CPU)
    expected = frechet_distance(real, generated)
    assert frechet_from(fixed, generated) == pytest.approx(expected, rel=1e-10)
    line, direct = frechet_at_infinity_from(fixed, generated), frechet_at_infinity(real, generated)
    assert line.intercept == pytest.approx(direct.intercept, rel=1e-9)
    assert line.half_width == pytest.approx(direct.half_width, rel=1e-7)


EYE = np.eye(3)
LOPSIDED = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize(
    ("mu", "sigma", "what"),
    [
        (np.zeros(3), np.eye(4), r"mu has the shape \[3\] and sigma \[4, 4\]; expected \[D\]"),
        (np.zeros((1, 3)), EYE, r"shape \[1, 3\]"),
        (np.zeros(3), np.ones(3), r"sigma \[3\]"),
        (np.zeros(0), np.zeros((0, 0)), r"shape \[0\]"),
        (np.zeros(3, int), EYE, "mu has values of type int64; expected floats"),
        (np.zeros(3), EYE.astype(complex), "sigma has values of type complex128"),
        (np.array([0, np.nan, 0]), EYE, "mu has 1 values that are not finite"),
        (np.zeros(3), np.full((3, 3), np.inf), "sigma has 9 values that are not finite"),
        (np.zeros(3), LOPSIDED, "not symmetric"),
        (np.zeros(3), np.diag([2.0, 1.0, -0.1]), "has the eigenvalue -0.1"),
        (np.zeros(3), -EYE, "has the eigenvalue -1"),
    ],
)
def test_what_is_no_mean_and_covariance_is_refused(
    mu: np.ndarray, sigma: np.ndarray, what: str
) -> None:
    with pytest.raises(DataError, match=what) as caught:
        statistics(mu, sigma)
    assert "ref.npz" in caught.value.message
    assert caught.value.hint


def test_a_singular_covariance_rounded_to_float32_is_one() -> None:
    """Fewer images than dimensions, and the smallest eigenvalues fall below zero by rounding."""
    features = gaussian(20, 50, 0, scale=30.0)
    sigma = np.cov(features.numpy(), rowvar=False).astype(np.float32)
    assert float(np.linalg.eigvalsh(sigma.astype(float))[0]) < 0
    found = statistics(features.numpy().mean(axis=0).astype(np.float32), sigma)
    assert found.covariance.dtype == torch.float64
    assert frechet_from(found.gaussian(CPU), features) == pytest.approx(0, abs=0.1)


def test_the_hash_is_of_the_values() -> None:
    mu, sigma = np.array([1.0, 2.0]), np.array([[2.0, 0.5], [0.5, 1.0]])
    found = statistics(mu, sigma)
    same = [
        statistics(mu.astype(np.float32), sigma.astype(">f8")),
        statistics(mu, np.asfortranarray(sigma)),
        ReferenceStatistics.checked(mu, sigma, "other.npz"),
    ]
    assert {one.sha256 for one in same} == {found.sha256}
    assert statistics(mu, sigma * (1 + 1e-15)).sha256 != found.sha256
    assert statistics(mu[:1], sigma[:1, :1]).sha256 != found.sha256


def test_only_an_extractor_of_their_dimension_fits() -> None:
    unknown = statistics(np.zeros(3), EYE)
    unknown.check_card(CARD)
    unknown.check_card(replace(CARD, id="other", weights_sha256="bb"))
    with pytest.raises(DataError, match="statistics of 3 features; net gives 4"):
        unknown.check_card(replace(CARD, feature_dim=4))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"id": "other"}, "of the extractor 'net', not of 'other'"),
        ({"weights_sha256": "bb"}, "weights_sha256 is aa, that of the one here bb"),
        ({"preprocess_id": "bicubic"}, "preprocess_id is as-is, that of the one here bicubic"),
        ({"dtype": "float64"}, "dtype is float32, that of the one here float64"),
    ],
)
def test_what_tells_how_it_was_made_is_held_to_it(change: dict[str, str], what: str) -> None:
    known = statistics(np.zeros(3), EYE, ORIGIN)
    known.check_card(CARD)
    with pytest.raises(DataError, match=what):
        known.check_card(replace(CARD, **change))
