"""Guidance: from the prediction for no class to that for the class, and beyond."""

from __future__ import annotations

import pytest
import torch
from regene_bench_plugins.methods.diffusion.sampler import guided
from torch import Tensor

NO_CLASS = 3
LABELS = torch.tensor([0, 2])


class Predictions:
    """Says 10 · label + level + x, and counts the images that it is asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, noisy: Tensor, level: float, labels: Tensor) -> Tensor:
        self.asked += len(noisy)
        return noisy + level + 10 * labels[:, None, None, None]


def test_one_is_no_guidance_and_one_pass() -> None:
    predict, noisy = Predictions(), torch.rand(2, 1, 2, 2)
    found = guided(predict, LABELS, NO_CLASS, 1)(noisy, 0.5)
    assert predict.asked == 2
    assert torch.equal(found, Predictions()(noisy, 0.5, LABELS))


@pytest.mark.parametrize("guidance", [0.0, 0.5, 2.0, 4.0])
def test_the_formula_takes_two_passes(guidance: float) -> None:
    predict, noisy = Predictions(), torch.rand(2, 1, 2, 2)
    found = guided(predict, LABELS, NO_CLASS, guidance)(noisy, 0.5)
    assert predict.asked == 4
    with_class = Predictions()(noisy, 0.5, LABELS)
    without = Predictions()(noisy, 0.5, torch.full_like(LABELS, NO_CLASS))
    torch.testing.assert_close(found, without + guidance * (with_class - without))
