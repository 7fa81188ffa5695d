"""The probe is a logistic regression on the latents, and nothing but."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from regene_bench_plugins.metrics.probe import Probe, linear_probe
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from tests.evaluation.fakes import HalvingModel
from tests.methods.builders import make_data

from .single_samples import by_class, evaluation_of_images, totals


def clouds(n: int, spread: float, seed: int) -> tuple[Tensor, Tensor]:
    """Three classes around three points of six dimensions, one of which is constant."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 3
    centres = torch.eye(3).repeat(1, 2) * 3
    latents = centres[labels] + spread * torch.randn(n, 6, generator=generator)
    latents[:, 5] = 7.0
    return latents, labels


@pytest.mark.parametrize("spread", [1.5, 3.0])
def test_it_guesses_as_scikit_learn_does(spread: float) -> None:
    latents, labels = clouds(600, spread, 0)
    others, _ = clouds(400, spread, 1)
    mean, std = latents.mean(0), latents.std(0, correction=0)
    std[5] = 1.0
    reference = LogisticRegression(C=1 / (600 * 1e-4), max_iter=2000, tol=1e-8)
    reference.fit(((latents - mean) / std).numpy(), labels.numpy())
    expected = reference.predict(((others - mean) / std).numpy())
    found = linear_probe(latents, labels, others, 3)
    assert np.mean(found.numpy() == expected) >= 0.995


def test_it_works_on_tensors_of_inference_mode_and_on_separable_latents() -> None:
    with torch.inference_mode():
        latents, labels = clouds(90, 0.01, 0)
        guesses = linear_probe(latents, labels, latents, 3)
    assert torch.equal(guesses, labels)


def test_the_metric_is_the_accuracy_on_the_test_split(tmp_path: Path) -> None:
    data = make_data()
    evaluation = evaluation_of_images(
        data.test.images[:1], data.test.labels[:1], data, tmp_path, model=HalvingModel()
    )
    scores = list(Probe().measure(evaluation))
    assert totals(scores) == {"probe_accuracy": 1.0}
    assert set(by_class(scores, "probe_accuracy")) == set(data.class_names)
    assert scores[0].n_real == len(data.test)
    assert "fitted to 120 latents" in scores[0].note


def test_latents_without_the_class_are_guessed_by_chance(tmp_path: Path) -> None:
    class Blind(HalvingModel):
        def encode(self, images: Tensor) -> Tensor:
            return torch.ones(len(images), 4)

    data = make_data()
    evaluation = evaluation_of_images(
        data.test.images[:1], data.test.labels[:1], data, tmp_path, model=Blind()
    )
    (total, *_) = Probe().measure(evaluation)
    assert total.value == pytest.approx(1 / 3)
