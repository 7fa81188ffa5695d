"""The kernel distance from equal features against torch-fidelity, subset by subset."""

from __future__ import annotations

import pytest
from torch import Tensor

from regene_bench.evaluation.kid import kernel_distance

from .features import inception_like

theirs = pytest.importorskip(
    "torch_fidelity.metric_kid", reason="torch-fidelity is missing: NO parity check"
)


def by_torch_fidelity(generated: Tensor, real: Tensor, **settings: int) -> tuple[float, float]:
    found = theirs.kid_features_to_metric(generated, real, verbose=False, **settings)
    return found["kernel_inception_distance_mean"], found["kernel_inception_distance_std"]


@pytest.mark.parametrize(
    ("n", "m", "size", "subsets"), [(300, 200, 100, 20), (500, 900, 250, 100), (60, 60, 60, 3)]
)
def test_the_same_subsets_give_the_same_mean_and_spread(
    n: int, m: int, size: int, subsets: int
) -> None:
    generated = inception_like(n, 64, 0).double()
    real = inception_like(m, 64, 1, shift=0.05).double()
    expected = by_torch_fidelity(generated, real, kid_subsets=subsets, kid_subset_size=size)
    found = kernel_distance(generated, real, subsets=subsets, subset_size=size)
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-13)


@pytest.mark.slow
def test_the_defaults_are_torch_fidelitys() -> None:
    generated, real = inception_like(1020, 16, 2).double(), inception_like(1010, 16, 3).double()
    expected = by_torch_fidelity(generated, real)
    assert kernel_distance(generated, real) == pytest.approx(expected, rel=1e-9, abs=1e-13)


def test_float32_features_agree_to_the_last_digits_of_float32() -> None:
    generated, real = inception_like(1200, 256, 4), inception_like(1100, 256, 5, shift=0.02)
    settings = {"kid_subsets": 10, "kid_subset_size": 1000}
    expected = by_torch_fidelity(generated, real, **settings)
    found = kernel_distance(generated, real, subsets=10)
    assert found == pytest.approx(expected, abs=1e-6)
    # float32 sums are the part of the difference that is theirs
    in_full = by_torch_fidelity(generated.double(), real.double(), **settings)
    assert found == pytest.approx(in_full, abs=1e-7)
