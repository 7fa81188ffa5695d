"""Metrics of models with latent variables, on models whose numbers are known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from regene_bench_plugins.methods.vae.cvae import CVAE
from regene_bench_plugins.metrics.active_units import ActiveUnits, active_units, collapse_note
from regene_bench_plugins.metrics.interpolation import Interpolation, pace
from regene_bench_plugins.metrics.likelihood import EvidenceLowerBound, LogLikelihood
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, Normal

from regene_bench.api import BenchmarkData, Evaluation, Metric, Skipped

from ..builders import TINY, make_runtime


class KnownModel:
    """Posterior means that are fixed multiples of an image's brightness; nothing is decoded.

    Args:
        slopes: One for each latent dimension.
        spread: Standard deviation of the posterior.
    """

    def __init__(self, slopes: list[float], spread: float) -> None:
        self.slopes = torch.tensor(slopes)
        self.spread = spread

    def posterior(self, images: Tensor, labels: Tensor) -> Distribution:
        mean = (images.mean((1, 2, 3)) - 0.5)[:, None] * self.slopes
        return Independent(Normal(mean, self.spread), 1)

    def prior(self, labels: Tensor) -> Distribution:
        return Independent(Normal(torch.zeros(len(labels), len(self.slopes)), 1.0), 1)

    def likelihood(self, latents: Tensor, labels: Tensor) -> Distribution:
        return Independent(Normal(torch.full((len(latents), 1, 8, 8), 0.5), 0.5), 3)


def measured(metric: Metric, model: object, data: BenchmarkData, folder: Path) -> dict[str, Any]:
    evaluation = Evaluation(
        model=model,
        data=data,
        comparison=cast("Any", None),
        generated=data.test,
        trials={},
        shelf=cast("Any", None),
        runtime=make_runtime(folder),
    )
    return {score.column: score for score in metric.measure(evaluation)}


def test_the_bound_of_a_known_model_is_its_closed_form(
    stripes: BenchmarkData, tmp_path: Path
) -> None:
    scores = measured(EvidenceLowerBound(), KnownModel([0.0, 0.0], 0.5), stripes, tmp_path)
    images = stripes.test.images.double() / 255
    squares = ((images - 0.5) / 0.5).square().sum((1, 2, 3)).mean()
    error = float(squares) / 2 + 64 * math.log(0.5 * math.sqrt(2 * math.pi))
    nats = 2 * 0.5 * (0.25 - 1 - math.log(0.25))
    assert scores["elbo_reconstruction"].value == pytest.approx(error, rel=1e-5)
    assert scores["elbo_kl"].value == pytest.approx(nats, rel=1e-5)
    assert scores["negative_elbo"].value == pytest.approx(error + nats, rel=1e-5)
    assert "standard deviation 0.5" in scores["negative_elbo"].note


def test_a_likelihood_that_ignores_z_is_found_exactly(
    stripes: BenchmarkData, tmp_path: Path
) -> None:
    model = KnownModel([0.0], 1.0)
    bound = measured(EvidenceLowerBound(), model, stripes, tmp_path)["negative_elbo"].value
    found = measured(LogLikelihood(), model, stripes, tmp_path)["log_likelihood"]
    assert found.value == pytest.approx(-bound, rel=1e-6)
    assert found.note.startswith("K = 100")


def test_units_are_active_where_means_vary(stripes: BenchmarkData, tmp_path: Path) -> None:
    brightness = (stripes.test.images.float() / 255).mean((1, 2, 3))
    unit = 0.1 / float(brightness.std(correction=0))
    model = KnownModel([0.0, 0.99 * unit, 1.01 * unit, 5 * unit], 0.5)
    score = measured(ActiveUnits(), model, stripes, tmp_path)["active_units"]
    assert score.value == 2
    assert score.note == "of 4 latent dimensions"


def test_a_collapsed_posterior_is_said(stripes: BenchmarkData, tmp_path: Path) -> None:
    model = KnownModel([0.0] * 5, 0.99)
    score = measured(ActiveUnits(), model, stripes, tmp_path)["active_units"]
    assert score.value == 0
    assert score.note.startswith("posterior collapse: 0 of 5")
    assert "collapse" in measured(EvidenceLowerBound(), model, stripes, tmp_path)["elbo_kl"].note


@pytest.mark.parametrize(
    ("active", "silent", "collapsed"), [(0, 0, True), (1, 20, True), (1, 19, True), (2, 18, False)]
)
def test_nearly_all_dimensions_must_be_silent(active: int, silent: int, collapsed: bool) -> None:
    divergences = torch.ones(20)
    divergences[:silent] = 0.009
    assert bool(collapse_note(active, divergences)) is collapsed


def test_active_units_are_those_above_a_hundredth() -> None:
    means = torch.tensor([[-1.0], [1.0]]) * torch.tensor([0.099, 0.101, 3.0])
    assert active_units(means) == 2


def test_bernoulli_pixels_are_said_to_be_no_density(stripes: BenchmarkData, tmp_path: Path) -> None:
    class Binary(KnownModel):
        def likelihood(self, latents: Tensor, labels: Tensor) -> Distribution:
            logits = torch.zeros(len(latents), 1, 8, 8)
            return Independent(Bernoulli(logits=logits, validate_args=False), 3)

    score = measured(EvidenceLowerBound(), Binary([1.0], 0.5), stripes, tmp_path)
    assert score["elbo_reconstruction"].value == pytest.approx(64 * math.log(2), rel=1e-5)
    assert "no density" in score["negative_elbo"].note


def test_cvae_tells_the_densities_of_its_class_priors(
    stripes: BenchmarkData, tmp_path: Path
) -> None:
    config = CVAE.Config(**(TINY["cvae"] | {"images": 64}))
    model = CVAE(config).fit(stripes, make_runtime(tmp_path))
    bound = measured(EvidenceLowerBound(), model, stripes, tmp_path / "bound")
    likelihood = measured(LogLikelihood(), model, stripes, tmp_path / "likelihood")
    assert bound["elbo_kl"].value > 0
    assert likelihood["log_likelihood"].value > -bound["negative_elbo"].value


class Fader:
    """Encodes an image as it is; decodes what a function makes of it."""

    def __init__(self, decode: Any) -> None:
        self.decode = decode

    def encode(self, images: Tensor) -> Tensor:
        return images.flatten(1)


def as_images(latents: Tensor) -> Tensor:
    return latents.reshape(-1, 1, 8, 8)


def test_a_cross_fade_is_straight_and_even(stripes: BenchmarkData, tmp_path: Path) -> None:
    scores = measured(Interpolation(), Fader(as_images), stripes, tmp_path)
    assert scores["interpolation_length"].value == pytest.approx(1.0, abs=1e-5)
    assert scores["interpolation_jump"].value == pytest.approx(1.0, abs=1e-4)
    assert scores["interpolation_length"].n_real == 3 * 10


def test_a_decoder_with_steps_jumps(stripes: BenchmarkData, tmp_path: Path) -> None:
    fader = Fader(lambda latents: as_images((latents > 0.1).float()))
    jump = measured(Interpolation(), fader, stripes, tmp_path)["interpolation_jump"].value
    assert jump > 1.5


def test_a_decoder_that_always_gives_one_image_has_no_pace(
    stripes: BenchmarkData, tmp_path: Path
) -> None:
    fader = Fader(lambda latents: torch.zeros(len(latents), 1, 8, 8))
    found = measured(Interpolation(), fader, stripes, tmp_path)
    assert set(found) == {"interpolation_length", "interpolation_jump"}
    for score in found.values():
        assert isinstance(score, Skipped)
        assert "decode to equal images" in score.reason


def test_the_pace_of_a_detour() -> None:
    points = torch.tensor([[0.0, 0.0], [0.0, 3.0], [4.0, 3.0], [4.0, 0.0]])
    length, jump = pace(points[None])
    assert float(length) == pytest.approx(10 / 4)
    assert float(jump) == pytest.approx(4 / (10 / 3))
