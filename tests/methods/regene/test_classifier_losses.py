from __future__ import annotations

import math

import pytest
import torch
from regene_bench_plugins.methods.regene.classifier_losses import CLASSIFIER_LOSSES, ClassifierLoss

PROBABILITIES = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
LABELS = torch.tensor([0, 1])
BY_HAND = {
    "cross_entropy": -(math.log(0.7) + math.log(0.3)) / 2,
    "hinge": ((1 + 0.2 - 0.7) + (1 + 0.6 - 0.3)) / 2,
    "cosine": 1 - (0.7 / math.sqrt(0.54) + 0.3 / math.sqrt(0.46)) / 2,
    "mse": ((0.3**2 + 0.2**2 + 0.1**2) + (0.1**2 + 0.7**2 + 0.6**2)) / 6,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_losses_equal_their_definitions(name: ClassifierLoss) -> None:
    loss = CLASSIFIER_LOSSES[name](PROBABILITIES.log(), LABELS)
    assert float(loss) == pytest.approx(BY_HAND[name], abs=1e-6)
    assert set(BY_HAND) == set(CLASSIFIER_LOSSES)


@pytest.mark.parametrize("name", CLASSIFIER_LOSSES)
def test_every_loss_leads_to_confidence_in_the_right_class(name: ClassifierLoss) -> None:
    logits = torch.randn(6, 10, generator=torch.Generator().manual_seed(0), requires_grad=True)
    labels = torch.arange(6)
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(400):
        optimizer.zero_grad()
        CLASSIFIER_LOSSES[name](logits, labels).backward()
        optimizer.step()
    confidences = logits.detach().softmax(1)[torch.arange(6), labels]
    assert (confidences > 0.95).all()
    assert float(CLASSIFIER_LOSSES[name](logits, labels).detach()) < 0.1


@pytest.mark.parametrize("name", CLASSIFIER_LOSSES)
def test_gradients_are_finite_where_the_classifier_is_certain(name: ClassifierLoss) -> None:
    logits = torch.tensor([[80.0, -80.0], [80.0, -80.0]], requires_grad=True)
    CLASSIFIER_LOSSES[name](logits, torch.tensor([0, 1])).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
