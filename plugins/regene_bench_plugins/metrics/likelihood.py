"""How probable a model with latent variables finds test images."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor

from regene_bench.api import Column, Evaluation, LatentVariableModel, Metric, Score
from regene_bench_plugins.metrics.active_units import active_units, collapse_note
from regene_bench_plugins.metrics.latent_variable import (
    chunks_with_progress,
    divergences,
    latent_variable_model,
    mean_score,
    pixel_note,
)

IMPORTANCE_SAMPLES = 100
_IMPORTANCE_IMAGES = 1000


class EvidenceLowerBound(Metric):
    """The negative evidence lower bound of the test split and its two terms (Kingma and Welling
    2014), in nats, mean over images.

    * ``elbo_reconstruction``: −log p(x | z, y), summed over pixels, for one draw of z from the
      posterior of each image.
    * ``elbo_kl``: divergence of the posterior from the prior that the model was trained with, in
      closed form.
    * ``negative_elbo``: their sum, an upper bound of −log p(x | y).

    Conditional models are told the image's true label. Pixels are in [0, 1] and not dequantised.
    A density of pixels has units: rows compare only where their notes name the same one. Posterior
    collapse is said in the note of ``elbo_kl``.
    """

    requires: ClassVar[tuple[str, ...]] = ("infer",)
    compares_features = False
    columns = (
        Column("negative_elbo", "lower", "nats", "upper bound of −log p(x) of test images"),
        Column("elbo_reconstruction", "none", "nats", "its reconstruction term"),
        Column("elbo_kl", "none", "nats", "its divergence of posterior from prior"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        model = latent_variable_model(evaluation)
        errors, nats, means = [], [], []
        note = ""
        with torch.inference_mode(), evaluation.runtime.seeded("elbo"):
            for images, labels in chunks_with_progress(evaluation.held_out, evaluation, "ELBO"):
                posterior = model.posterior(images, labels)
                likelihood = model.likelihood(posterior.sample(), labels)
                errors.append(-likelihood.log_prob(images).double())
                nats.append(divergences(posterior, model.prior(labels)))
                means.append(posterior.mean)
                note = pixel_note(likelihood)
            error, divergence = torch.cat(errors), torch.cat(nats)
            collapse = collapse_note(active_units(torch.cat(means)), divergence.mean(0))
        yield mean_score("negative_elbo", error + divergence.sum(1), note)
        yield mean_score("elbo_reconstruction", error, note)
        yield mean_score("elbo_kl", divergence.sum(1), collapse)


class LogLikelihood(Metric):
    """The importance-weighted bound of log p(x) of test images (Burda et al. 2016, equation 8).

    * ``log_likelihood``: ``log 1/K Σ p(x | z) p(z) / q(z | x)`` over K = 100 draws of z from the
      posterior, in nats, mean over at most 1,000 images spread evenly over the test split.

    It lies between the evidence lower bound and log p(x), and grows with K; the literature's K is
    5,000. Conditional models are told the image's true label. Rows compare only where their notes
    name the same density of pixels.
    """

    requires: ClassVar[tuple[str, ...]] = ("infer",)
    compares_features = False
    columns = (
        Column(
            "log_likelihood",
            "higher",
            "nats",
            f"importance-weighted bound of log p(x), K = {IMPORTANCE_SAMPLES}",
        ),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        model = latent_variable_model(evaluation)
        test = evaluation.held_out.every_kth(_IMPORTANCE_IMAGES)
        bounds = []
        note = ""
        with torch.inference_mode(), evaluation.runtime.seeded("log-likelihood"):
            for images, labels in chunks_with_progress(test, evaluation, "log-likelihood"):
                bounds.append(importance_bounds(model, images, labels, IMPORTANCE_SAMPLES))
                if not note:
                    z = model.prior(labels).sample()
                    note = pixel_note(model.likelihood(z, labels))
        note = f"K = {IMPORTANCE_SAMPLES}; {note}"
        yield mean_score("log_likelihood", torch.cat(bounds), note)


def importance_bounds(
    model: LatentVariableModel, images: Tensor, labels: Tensor, samples: int
) -> Tensor:
    """``log 1/K Σ p(x | z) p(z) / q(z | x)`` over K draws from q, of every image.

    Args:
        model: Tells the three densities.
        images: ``[N, C, H, W]``.
        labels: int64 ``[N]``.
        samples: K.

    Returns:
        Nats, float64 ``[N]``.
    """
    posterior, prior = model.posterior(images, labels), model.prior(labels)
    weights: list[Tensor] = []
    for _ in range(samples):
        z = posterior.sample()
        joint = model.likelihood(z, labels).log_prob(images) + prior.log_prob(z)
        weights.append((joint - posterior.log_prob(z)).double())
    return torch.stack(weights).logsumexp(0) - math.log(samples)
