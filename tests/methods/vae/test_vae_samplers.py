"""Where codes come from: fitted mixtures, the second stage, and what they are fitted to."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from regene_bench_plugins.methods.common.mixtures import fit_mixture_sampler
from regene_bench_plugins.methods.vae.config import SamplerConfig
from regene_bench_plugins.methods.vae.network import Posterior
from regene_bench_plugins.methods.vae.samplers import StandardNormal
from regene_bench_plugins.methods.vae.second_stage import (
    drawn_codes,
    fit_second_stage,
    second_network,
)
from torch import Tensor

from regene_bench.api import MethodError, SampleRng

from ..builders import make_runtime

NAMES = ("left", "right")


@pytest.mark.parametrize(("conditional", "expected"), [(True, 2), (False, 10)])
def test_a_mixture_left_open_has_few_gaussians_a_class_and_more_for_all(
    conditional: bool, expected: int
) -> None:
    config = SamplerConfig(conditional=conditional, components=None)
    assert config.mixture_components == expected
    assert SamplerConfig(conditional=conditional, components=5).mixture_components == 5


def two_classes(n: int = 2000) -> tuple[Tensor, Tensor]:
    """Class 0 is one Gaussian at (-3, 0); class 1 is two, at (3, 4) and, less often, (3, -4)."""
    noise = torch.randn(n, 2, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(n) % 2
    heights = torch.where(torch.arange(n) % 8 < 6, 4.0, -4.0) * labels
    centres = torch.stack([6.0 * labels - 3.0, heights], dim=1)
    return centres + 0.5 * noise, labels


def drawn(sampler: object, labels: Tensor, **streams: int) -> Tensor:
    codes: Tensor = sampler.draw(labels, SampleRng(7, **streams))  # type: ignore[attr-defined]
    return codes


def test_one_gaussian_has_the_moments_of_its_class() -> None:
    codes, labels = two_classes()
    sampler = fit_mixture_sampler(codes, labels, NAMES, components=1, seed=0)
    for label in (0, 1):
        own = codes[labels == label]
        found = drawn(sampler, torch.full((4000,), label))
        torch.testing.assert_close(found.mean(0), own.mean(0), rtol=0, atol=0.25)
        torch.testing.assert_close(torch.cov(found.T), torch.cov(own.T), rtol=0.1, atol=0.25)


def test_a_mixture_has_the_parts_of_its_class() -> None:
    codes, labels = two_classes()
    sampler = fit_mixture_sampler(codes, labels, NAMES, components=2, seed=0)
    found = drawn(sampler, torch.ones(2000, dtype=torch.int64))
    upper = found[:, 1] > 0
    assert float(upper.float().mean()) == pytest.approx(0.75, abs=0.05)
    assert float((found[:, 1].abs() - 4).abs().max()) < 2.5
    assert float((found[:, 0] - 3).abs().max()) < 2.5


def test_one_mixture_for_all_looks_at_no_label() -> None:
    codes, labels = two_classes()
    sampler = fit_mixture_sampler(codes, labels, None, components=3, seed=0)
    zeros = torch.zeros(500, dtype=torch.int64)
    assert torch.equal(drawn(sampler, zeros), drawn(sampler, zeros + 1))
    assert float((drawn(sampler, zeros)[:, 0] > 0).float().mean()) == pytest.approx(0.5, abs=0.1)


def test_codes_do_not_depend_on_the_batch() -> None:
    codes, labels = two_classes()
    sampler = fit_mixture_sampler(codes, labels, NAMES, components=2, seed=0)
    asked = torch.arange(30) % 2
    parts = [drawn(sampler, asked[i : i + 7], start=i) for i in range(0, 30, 7)]
    assert torch.equal(torch.cat(parts), drawn(sampler, asked))


def test_the_same_seed_fits_the_same_mixture() -> None:
    codes, labels = two_classes(400)
    asked = torch.arange(50) % 2
    first, again = (
        drawn(fit_mixture_sampler(codes, labels, NAMES, components=3, seed=4), asked)
        for _ in range(2)
    )
    assert torch.equal(first, again)


def test_few_codes_get_few_gaussians_instead_of_copies() -> None:
    codes = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    sampler = fit_mixture_sampler(codes, torch.zeros(6, dtype=torch.int64), ("all",), 10, seed=0)
    found = drawn(sampler, torch.zeros(50, dtype=torch.int64))
    assert float(torch.cdist(found, codes).amin(1).mean()) > 0.1


def test_a_single_code_is_its_own_density() -> None:
    code = torch.tensor([[1.0, 2.0]])
    sampler = fit_mixture_sampler(code, torch.zeros(1, dtype=torch.int64), ("one",), 10, seed=0)
    assert torch.equal(drawn(sampler, torch.zeros(3, dtype=torch.int64)), code.expand(3, -1))


def test_a_class_without_codes_is_an_error() -> None:
    codes, _ = two_classes(20)
    with pytest.raises(MethodError, match="no training image of right"):
        fit_mixture_sampler(codes, torch.zeros(20, dtype=torch.int64), NAMES, 1, seed=0)


def test_the_standard_normal_is_standard() -> None:
    found = drawn(StandardNormal(3), torch.zeros(5000, dtype=torch.int64))
    torch.testing.assert_close(found.mean(0), torch.zeros(3), rtol=0, atol=0.06)
    torch.testing.assert_close(torch.cov(found.T), torch.eye(3), rtol=0, atol=0.08)


def test_the_standard_normal_knows_no_classes() -> None:
    with pytest.raises(ValidationError, match="knows no classes"):
        SamplerConfig(sampler="normal")
    assert SamplerConfig(conditional=False).chosen_sampler == "normal"
    assert SamplerConfig().chosen_sampler == "mixture"


def test_drawn_codes_have_their_posteriors_moments() -> None:
    mean = torch.tensor([[1.0, -2.0]]).expand(4000, -1)
    log_variance = torch.tensor([[0.25, 4.0]]).log().expand(4000, -1)
    codes = drawn_codes(Posterior(mean, log_variance), torch.zeros(4000, dtype=torch.int64))
    torch.manual_seed(0)
    batch = codes.batch(torch.arange(4000))
    torch.testing.assert_close(batch.mean(0), mean[0], rtol=0, atol=0.1)
    torch.testing.assert_close(batch.std(0), torch.tensor([0.5, 2.0]), rtol=0.05, atol=0)
    assert not torch.equal(batch, codes.batch(torch.arange(4000)))


def test_deterministic_codes_are_drawn_as_they_are() -> None:
    mean = torch.randn(5, 3)
    codes = drawn_codes(Posterior(mean, None), torch.zeros(5, dtype=torch.int64))
    assert torch.equal(codes.batch(torch.tensor([3, 1])), mean[[3, 1]])


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize(("width", "depth"), [(8, 1), (5, 3)])
def test_the_second_stage_keeps_the_length_of_codes(
    conditional: bool, width: int, depth: int
) -> None:
    config = SamplerConfig(conditional=conditional, second_width=width, second_depth=depth)
    network = second_network(config, latent_dim=4, n_classes=3)
    z, labels = torch.randn(7, 4), torch.arange(7) % 3
    posterior = network.posterior(z, labels)
    assert posterior.mean.shape == (7, 4)
    assert posterior.log_variance is not None
    assert posterior.log_variance.shape == (7, 4)
    assert network.logits(posterior.draw(), labels).shape == (7, 4)
    same = torch.equal(network.logits(z, labels), network.logits(z, labels * 0))
    assert same is not conditional


@pytest.mark.slow
def test_the_second_stage_learns_where_the_codes_of_a_class_are(tmp_path: Path) -> None:
    codes, labels = two_classes()
    config = SamplerConfig(
        sampler="second_stage", second_images=150_000, second_width=32, second_learning_rate=5e-3
    )
    given = drawn_codes(Posterior(codes, None), labels)
    sampler = fit_second_stage(config, given, 2, make_runtime(tmp_path))
    found = drawn(sampler, torch.arange(2000) % 2)
    assert float(((found[:, 0] > 0) == (torch.arange(2000) % 2 == 1)).float().mean()) > 0.99
    right = found[1::2]
    assert float((right[:, 1] > 0).float().mean()) == pytest.approx(0.75, abs=0.15)
    parts = [drawn(sampler, (torch.arange(2000) % 2)[i : i + 9], start=i) for i in (0, 9)]
    torch.testing.assert_close(torch.cat(parts), found[:18], rtol=0, atol=1e-5)
