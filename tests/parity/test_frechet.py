"""The Fréchet distance from equal features against four libraries' own functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from regene_bench.evaluation.frechet import frechet_distance
from regene_bench.evaluation.moments import moments_of

from .features import inception_like
from .libraries import with_working_sqrtm

Distance = Callable[[Tensor, Tensor], float]


def statistics(features: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance as clean-fid and pytorch-fid compute them, of float64 features."""
    values = features.double().numpy()
    return np.mean(values, axis=0), np.cov(values, rowvar=False)


@pytest.fixture
def clean_fid(monkeypatch: pytest.MonkeyPatch) -> Distance:
    fid = pytest.importorskip("cleanfid.fid", reason="clean-fid is missing: NO parity check")
    with_working_sqrtm(fid, monkeypatch)
    return lambda a, b: float(fid.frechet_distance(*statistics(a), *statistics(b)))


@pytest.fixture
def pytorch_fid(monkeypatch: pytest.MonkeyPatch) -> Distance:
    fid = pytest.importorskip(
        "pytorch_fid.fid_score", reason="pytorch-fid is missing: NO parity check"
    )
    with_working_sqrtm(fid, monkeypatch)
    return lambda a, b: float(fid.calculate_frechet_distance(*statistics(a), *statistics(b)))


@pytest.fixture
def torch_fidelity() -> Distance:
    fid = pytest.importorskip(
        "torch_fidelity.metric_fid", reason="torch-fidelity is missing: NO parity check"
    )

    def distance(a: Tensor, b: Tensor) -> float:
        both = [fid.fid_features_to_statistics(f.double()) for f in (a, b)]
        return float(fid.fid_statistics_to_metric(*both, False)["frechet_inception_distance"])

    return distance


@pytest.fixture
def torchmetrics() -> Distance:
    fid = pytest.importorskip(
        "torchmetrics.image.fid", reason="torchmetrics is missing: NO parity check"
    )

    def distance(a: Tensor, b: Tensor) -> float:
        both = [(f.double().mean(dim=0), f.double().T.cov()) for f in (a, b)]
        return float(fid._compute_fid(*both[0], *both[1]))

    return distance


LIBRARIES = ("clean_fid", "pytorch_fid", "torch_fidelity", "torchmetrics")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("n", "m", "dimension"), [(400, 300, 8), (900, 700, 128)])
def test_at_full_rank_all_agree(
    library: str, n: int, m: int, dimension: int, request: pytest.FixtureRequest
) -> None:
    first = inception_like(n, dimension, 0)
    second = inception_like(m, dimension, 1, shift=0.1)
    expected = request.getfixturevalue(library)(first, second)
    assert expected > 0.01
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("n", "m"), [(60, 50), (60, 400), (400, 60)])
def test_singular_covariances_agree_to_the_libraries_own_error(
    library: str, n: int, m: int, request: pytest.FixtureRequest
) -> None:
    first, second = inception_like(n, 128, 2), inception_like(m, 128, 3, shift=0.1)
    expected = request.getfixturevalue(library)(first, second)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("library", ["pytorch_fid", "torch_fidelity"])
def test_they_agree_at_the_size_of_an_inception_feature(
    library: str, request: pytest.FixtureRequest
) -> None:
    first, second = inception_like(3000, 2048, 4), inception_like(2500, 2048, 5, shift=0.1)
    expected = request.getfixturevalue(library)(first, second)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-7)


def test_means_and_covariances_are_numpys() -> None:
    features = inception_like(500, 64, 6)
    mean, covariance = statistics(features)
    moments = moments_of(features, 77)
    torch.testing.assert_close(moments.mean, torch.from_numpy(mean), rtol=1e-12, atol=0)
    torch.testing.assert_close(
        moments.covariance, torch.from_numpy(covariance), rtol=1e-10, atol=1e-12
    )
