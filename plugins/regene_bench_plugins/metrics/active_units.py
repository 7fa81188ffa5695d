"""How many dimensions of z a model uses, and whether its posterior has collapsed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor

from regene_bench.api import Column, Evaluation, Metric, Score
from regene_bench_plugins.metrics.latent_variable import (
    chunks_with_progress,
    divergences,
    latent_variable_model,
)

# Burda et al. 2016, appendix C.
ACTIVE_VARIANCE = 0.01
_SILENT_NATS = 0.01
_NEARLY_ALL = 0.95


class ActiveUnits(Metric):
    """Dimensions of z whose posterior mean varies over test images by more than 0.01 (Burda et al.
    2016, appendix C).

    The note says how many there are in all, and whether the posterior has collapsed: no dimension
    is active, or 95 % of them carry less than 0.01 nat in the mean. A model can use few dimensions
    because it needs few, so there is no better way; none is a failure.
    """

    requires: ClassVar[tuple[str, ...]] = ("infer",)
    compares_features = False
    columns = (
        Column("active_units", "none", summary="latent dimensions that vary with the image"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        model = latent_variable_model(evaluation)
        means, nats = [], []
        with torch.inference_mode():
            for images, labels in chunks_with_progress(
                evaluation.held_out, evaluation, "active units"
            ):
                posterior = model.posterior(images, labels)
                means.append(posterior.mean)
                nats.append(divergences(posterior, model.prior(labels)))
        active = active_units(torch.cat(means))
        total = means[0].shape[1]
        collapse = collapse_note(active, torch.cat(nats).mean(0))
        yield Score(
            "active_units",
            active,
            n_real=len(evaluation.held_out),
            reference_split="test",
            note=collapse or f"of {total} latent dimensions",
        )


def active_units(means: Tensor) -> int:
    """Dimensions in which posterior means ``[N, D]`` vary by more than 0.01 over images."""
    return int((means.double().var(dim=0, correction=0) > ACTIVE_VARIANCE).sum())


def collapse_note(active: int, divergences: Tensor) -> str:
    """Say that a posterior has collapsed, or nothing.

    It has if no unit is active, or if nearly all (95 %) dimensions carry less than 0.01 nat.

    Args:
        active: As of ``active_units``.
        divergences: Mean divergence of the posterior from the prior in each dimension, ``[D]``,
            nats.
    """
    silent, total = int((divergences < _SILENT_NATS).sum()), len(divergences)
    if active and silent < _NEARLY_ALL * total:
        return ""
    return (
        f"posterior collapse: {active} of {total} latent dimensions are active, "
        f"{silent} carry less than {_SILENT_NATS} nat"
    )
