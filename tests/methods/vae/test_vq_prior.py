"""The prior never looks ahead, and draws from the distribution that it was trained as."""

from __future__ import annotations

import pytest
import torch
from regene_bench_plugins.methods.vae.vq_prior import CodePrior, invert_cdf
from torch import Tensor

CODES, CLASSES, SIZE = 7, 3, (3, 4)
POSITIONS = SIZE[0] * SIZE[1]


@pytest.fixture
def prior() -> CodePrior:
    torch.manual_seed(0)
    made = CodePrior(CODES, CLASSES, SIZE, width=8, layers=2, heads=2, dropout=0.0)
    with torch.no_grad():
        # As made, all is nearly the same at every position.
        for parameter in made.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    return made.eval()


def some_codes(n: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    codes = torch.randint(CODES, (n, POSITIONS), generator=generator)
    return codes, torch.randint(CLASSES, (n,), generator=generator)


@pytest.mark.parametrize("position", range(POSITIONS))
def test_a_code_changes_the_logits_of_later_positions_only(prior: CodePrior, position: int) -> None:
    codes, labels = some_codes(16)
    other = codes.clone()
    other[:, position] = (other[:, position] + 1) % CODES
    with torch.no_grad():
        before, after = prior(codes, labels), prior(other, labels)
    assert torch.equal(before[:, : position + 1], after[:, : position + 1])
    changed = (before - after).abs().amax(dim=(0, 2)) > 1e-6
    assert changed[position + 1 :].all()


def test_the_class_changes_all_logits(prior: CodePrior) -> None:
    codes, labels = some_codes(4)
    with torch.no_grad():
        difference = prior(codes, labels) - prior(codes, (labels + 1) % CLASSES)
    assert (difference.abs().amax(dim=2) > 1e-4).all()


def test_position_by_position_gives_what_all_at_once_gives(prior: CodePrior) -> None:
    _, labels = some_codes(50)
    noise = torch.rand(50, POSITIONS, generator=torch.Generator().manual_seed(2))
    drawn = prior.draw(labels, noise)
    logits = prior(drawn, labels)
    again = torch.stack([invert_cdf(logits[:, p], noise[:, p]) for p in range(POSITIONS)], dim=1)
    assert torch.equal(again, drawn)


def test_probabilities_of_all_maps_sum_to_one() -> None:
    torch.manual_seed(0)
    prior = CodePrior(3, 2, (2, 2), width=4, layers=1, heads=1, dropout=0.0).eval()
    maps = torch.cartesian_prod(*[torch.arange(3)] * 4)
    with torch.no_grad():
        steps = prior(maps, torch.ones(81, dtype=torch.int64)).double().log_softmax(2)
    chosen = steps.gather(2, maps[:, :, None])[:, :, 0].sum(1)
    assert float(chosen.exp().sum()) == pytest.approx(1.0, abs=1e-6)


def test_codes_are_drawn_as_often_as_the_softmax_says() -> None:
    logits = torch.tensor([0.0, 1.0, -2.0, 2.0])
    n = 40_000
    noise = (torch.arange(n) + 0.5) / n
    drawn = invert_cdf(logits.expand(n, 4), noise)
    shares = torch.bincount(drawn, minlength=4) / n
    torch.testing.assert_close(shares, logits.softmax(0), rtol=0, atol=1 / n + 1e-6)


@pytest.mark.parametrize("noise", [0.0, 1 - 2**-24])
def test_the_ends_of_the_noise_give_codes_that_can_be(noise: float) -> None:
    logits = torch.tensor([[-1e9, 0.0, 0.0, 0.0]])
    assert 1 <= int(invert_cdf(logits, torch.tensor([noise]))) <= 3


def test_a_map_depends_on_its_own_noise_and_label_alone(prior: CodePrior) -> None:
    _, labels = some_codes(20)
    noise = torch.rand(20, POSITIONS, generator=torch.Generator().manual_seed(3))
    whole = prior.draw(labels, noise)
    assert torch.equal(torch.cat([prior.draw(labels[:7], noise[:7]), whole[7:]]), whole)
    assert torch.equal(prior.draw(labels.flip(0), noise.flip(0)), whole.flip(0))
