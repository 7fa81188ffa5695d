"""The Inception score from equal logits against torch-fidelity, split by split."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from regene_bench.evaluation.inception_score import inception_score

theirs = pytest.importorskip(
    "torch_fidelity.metric_isc", reason="torch-fidelity is missing: NO parity check"
)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("n", "k", "splits"), [(1000, 10, 10), (503, 1008, 10), (97, 5, 3)])
@pytest.mark.parametrize("sharpness", [0.1, 3.0])
def test_the_same_splits_give_the_same_mean_and_spread(
    n: int, k: int, splits: int, sharpness: float, dtype: torch.dtype
) -> None:
    rng = np.random.default_rng(n)
    logits = torch.from_numpy(sharpness * rng.standard_normal((n, k))).to(dtype)
    expected = theirs.isc_features_to_metric(logits, splits=splits)
    found = inception_score(logits, splits=splits)
    assert found[0] == pytest.approx(expected["inception_score_mean"], rel=1e-12)
    assert found[1] == pytest.approx(expected["inception_score_std"], rel=1e-9)
    assert found[1] > 0


def test_without_shuffling_too() -> None:
    logits = torch.from_numpy(np.random.default_rng(0).standard_normal((300, 10)))
    expected = theirs.isc_features_to_metric(logits, shuffle=False)
    found = inception_score(logits, seed=None)
    assert found[0] == pytest.approx(expected["inception_score_mean"], rel=1e-12)
    assert found[0] != inception_score(logits)[0]
