"""Adversarial losses are what their papers print."""

from __future__ import annotations

import math

import pytest
import torch
from regene_bench_plugins.methods.gan.losses import (
    AdversarialLoss,
    AuxiliaryClassLoss,
    BoundaryEquilibrium,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Wasserstein,
)
from regene_bench_plugins.networks.heads import DiscriminatorOutput as Output
from torch.nn import functional as F

from regene_bench.api import MethodError

# σ(ln 3) = 3/4, σ(−ln 3) = 1/4
REAL = Output(torch.tensor([math.log(3), 0.0]))
FAKE = Output(torch.tensor([-math.log(3), 3.0]))
LABELS = torch.tensor([0, 1])
SOFTPLUS_3 = math.log(1 + math.exp(3))

CASES = [
    (
        NonSaturating(),
        (math.log(4 / 3) + math.log(2)) / 2 + (math.log(4 / 3) + SOFTPLUS_3) / 2,
        (math.log(4) + math.log(1 + math.exp(-3))) / 2,
    ),
    (
        Minimax(),
        (math.log(4 / 3) + math.log(2)) / 2 + (math.log(4 / 3) + SOFTPLUS_3) / 2,
        -(math.log(4 / 3) + SOFTPLUS_3) / 2,
    ),
    (
        LeastSquares(),
        ((math.log(3) - 1) ** 2 + 1) / 4 + (math.log(3) ** 2 + 9) / 4,
        ((math.log(3) + 1) ** 2 + 4) / 4,
    ),
    (Hinge(), (0 + 1) / 2 + (0 + 4) / 2, (math.log(3) - 3) / 2),
    (Wasserstein(), (3 - math.log(3)) / 2 - math.log(3) / 2, (math.log(3) - 3) / 2),
]


@pytest.mark.parametrize(
    ("loss", "of_discriminator", "of_generator"), CASES, ids=[type(c[0]).__name__ for c in CASES]
)
def test_values(loss: AdversarialLoss, of_discriminator: float, of_generator: float) -> None:
    assert float(loss.discriminator(REAL, FAKE, LABELS)) == pytest.approx(
        of_discriminator, rel=1e-5
    )
    assert float(loss.generator(FAKE, LABELS)) == pytest.approx(of_generator, rel=1e-5)


@pytest.mark.parametrize("loss", [case[0] for case in CASES], ids=lambda loss: type(loss).__name__)
def test_both_sides_pull_scores_of_generated_images_apart(loss: AdversarialLoss) -> None:
    scores = torch.tensor([0.5], requires_grad=True)
    one = loss.discriminator(Output(torch.tensor([0.5])), Output(scores), LABELS[:1])
    (down,) = torch.autograd.grad(one, scores)
    (up,) = torch.autograd.grad(loss.generator(Output(scores), LABELS[:1]), scores)
    assert float(down) > 0 > float(up)


def test_the_auxiliary_terms_are_cross_entropies_of_real_and_of_generated_images() -> None:
    logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
    real, fake = Output(REAL.scores, logits), Output(FAKE.scores, -logits)
    plain, both = Wasserstein(), AuxiliaryClassLoss(Wasserstein(), 1.5, 0.1)
    of_real = both.discriminator(real, fake, LABELS) - plain.discriminator(real, fake, LABELS)
    of_fake = both.generator(fake, LABELS) - plain.generator(fake, LABELS)
    assert float(of_real) == pytest.approx(1.5 * float(F.cross_entropy(logits, LABELS)))
    assert float(of_fake) == pytest.approx(0.1 * float(F.cross_entropy(-logits, LABELS)))


def test_the_auxiliary_term_asks_for_an_auxiliary_head() -> None:
    with pytest.raises(MethodError, match="auxiliary head"):
        AuxiliaryClassLoss(Wasserstein(), 1.0, 1.0).discriminator(REAL, FAKE, LABELS)


def test_the_balance_of_began_follows_its_rule() -> None:
    loss = BoundaryEquilibrium(gamma=0.5, gain=0.1)
    real, fake = (
        Output(torch.tensor([2.0, 4.0])),
        Output(torch.tensor([0.5, 0.5])),
    )
    k = 0.0
    for _ in range(3):
        assert float(loss.discriminator(real, fake, LABELS)) == pytest.approx(3 - k * 0.5)
        k += 0.1 * (0.5 * 3 - 0.5)
        assert float(loss.k) == pytest.approx(k)
    assert float(loss.generator(fake, LABELS)) == pytest.approx(0.5)


def test_the_balance_of_began_can_begin_elsewhere() -> None:
    loss = BoundaryEquilibrium(gamma=0.5, gain=0.1, balance=0.5)
    real, fake = Output(torch.tensor([1.0])), Output(torch.tensor([0.5]))
    assert float(loss.discriminator(real, fake, LABELS)) == pytest.approx(1 - 0.5 * 0.5)


@pytest.mark.parametrize(("error", "end"), [(0.0, 1.0), (100.0, 0.0)])
def test_the_balance_of_began_stays_between_0_and_1(error: float, end: float) -> None:
    loss = BoundaryEquilibrium(gamma=0.5, gain=0.1)
    for _ in range(30):
        loss.discriminator(Output(torch.ones(2)), Output(torch.full((2,), error)), LABELS)
    assert float(loss.k) == end


def test_the_balance_of_began_is_kept_and_does_not_disturb_the_backward_pass() -> None:
    loss = BoundaryEquilibrium(gamma=0.5, gain=0.1)
    loss.discriminator(Output(torch.ones(2)), Output(torch.zeros(2)), LABELS)
    other = BoundaryEquilibrium(gamma=0.5, gain=0.1)
    other.load_state_dict(loss.state_dict())
    before = float(other.k)
    scores = torch.zeros(2, requires_grad=True)
    torch.autograd.backward(other.discriminator(Output(torch.ones(2)), Output(scores), LABELS))
    assert scores.grad is not None
    assert before == pytest.approx(0.05)
    assert scores.grad.tolist() == pytest.approx([-before / 2] * 2)
