"""What metrics of models with latent variables have in common."""

from __future__ import annotations

import math
from collections.abc import Iterator

from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent, Normal, kl_divergence

from regene_bench.api import DeviceImages, Evaluation, LatentVariableModel, MethodError, Score

CHUNK = 128
# The standard normal distribution's 97.5 % quantile.
_Z = 1.959963984540054


def latent_variable_model(evaluation: Evaluation) -> LatentVariableModel:
    """The evaluated model, which must tell the three densities p(z), p(x | z) and q(z | x).

    Raises:
        MethodError: It does not.
    """
    if not isinstance(evaluation.model, LatentVariableModel):
        raise MethodError("The model tells no densities.")
    return evaluation.model


def chunks_with_progress(
    images: DeviceImages, evaluation: Evaluation, what: str
) -> Iterator[tuple[Tensor, Tensor]]:
    """Chunks of images and labels; progress is told after each.

    Args:
        images: What is gone through.
        evaluation: Its runtime is told, and asked whether to stop.
        what: Names the work in the progress.

    Raises:
        Interrupted: A stop was asked for.
    """
    done = 0
    for chunk, labels in images.chunks(CHUNK):
        evaluation.runtime.stop.check()
        yield chunk, labels
        done += len(chunk)
        evaluation.runtime.progress(what, done, len(images))


def divergences(posterior: Distribution, prior: Distribution) -> Tensor:
    """KL(posterior ‖ prior) in nats, ``[N, D]``; spread evenly where it is not a sum over D."""
    if isinstance(posterior, Independent) and isinstance(prior, Independent):
        return kl_divergence(posterior.base_dist, prior.base_dist).double()
    size = posterior.event_shape[0]
    return (kl_divergence(posterior, prior).double() / size)[:, None].expand(-1, size)


def pixel_note(likelihood: Distribution) -> str:
    """Which density of pixels the numbers are of: those of different ones do not compare."""
    base = likelihood.base_dist if isinstance(likelihood, Independent) else likelihood
    if isinstance(base, Normal):
        return f"Gaussian pixels of standard deviation {float(base.scale.mean()):.3g}"
    if isinstance(base, Bernoulli):
        return "Bernoulli pixels: with grey values a cross-entropy, no density"
    return f"pixels of {type(base).__name__}"


def mean_score(column: str, values: Tensor, note: str) -> Score:
    """Make a score of the mean over test images, with its standard error and 95 % interval.

    Args:
        column: Column of the leaderboard.
        values: One an image, float64 ``[N]``.
        note: What to know of the score.
    """
    error = float(values.std()) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    mean = float(values.mean())
    return Score(
        column,
        mean,
        std=error,
        interval=(mean - _Z * error, mean + _Z * error),
        n_real=len(values),
        reference_split="test",
        note=note,
    )
