from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from regene_bench_plugins.methods.regene.convex import ConvexWeights
from regene_bench_plugins.methods.regene.generations import generations_of_generations
from torch import Tensor

from regene_bench.api import Generation, MethodError, SampleRng

from ..builders import make_data

LABELS = torch.arange(3).repeat_interleave(6)


class Shrinking:
    """Latents of two numbers; an image holds them halved, so that re-encoding can be told."""

    def encode(self, images: Tensor) -> Tensor:
        return images[:, 0, 0]

    def decode(self, latents: Tensor) -> Tensor:
        return latents[:, None, None, :] / 2

    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        latents = torch.stack([labels.float(), torch.rand(len(labels))], 1) * 8
        return Generation(self.decode(latents), latents)


def test_siblings_keep_their_latents_and_children_are_encoded_again() -> None:
    levels = generations_of_generations(Shrinking(), LABELS, 3, SampleRng(0))
    assert len(levels) == 3
    assert levels[0].siblings is levels[0].children
    for k, level in enumerate(levels):
        siblings, children = level.siblings.latents, level.children.latents
        assert siblings is not None
        assert children is not None
        # the first number is the class: combinations within a class keep it
        assert torch.allclose(siblings[:, 0], 8.0 * LABELS)
        assert torch.allclose(children[:, 0], 8.0 * LABELS / 2**k)
        assert torch.equal(level.children.images, Shrinking().decode(children))


def test_each_level_combines_what_the_level_before_it_has() -> None:
    levels = generations_of_generations(
        Shrinking(), LABELS, 2, SampleRng(0), weights=ConvexWeights.uniform(3)
    )
    first, second = levels[0].siblings.latents, levels[1].siblings.latents
    assert first is not None
    assert second is not None
    for label in range(3):
        own = first[label == LABELS, 1]
        means = torch.combinations(own, 3).mean(1)
        for value in second[label == LABELS, 1]:
            assert (means - value).abs().min() < 1e-5


def test_the_seed_decides(models: Mapping[str, Any]) -> None:
    model = models["regene"]

    def images(seed: int) -> Tensor:
        levels = generations_of_generations(model, LABELS, 3, SampleRng(seed))
        return torch.cat([levels[2].siblings.images, levels[2].children.images])

    assert torch.equal(images(0), images(0))
    assert not torch.equal(images(0), images(1))


@pytest.mark.parametrize("name", ["regene", "autoencoder"])
def test_models_descend(name: str, models: Mapping[str, Any]) -> None:
    levels = generations_of_generations(models[name], LABELS, 3, SampleRng(0))
    shape = make_data().shape
    for level in levels:
        for generation in (level.siblings, level.children):
            assert generation.images.shape == (18, shape.channels, shape.height, shape.width)


def test_too_few_of_a_class_and_no_latents_are_told() -> None:
    with pytest.raises(MethodError, match="Class 'b' has 1 generations; combinations of 2"):
        generations_of_generations(
            Shrinking(), torch.tensor([0, 0, 0, 1]), 2, SampleRng(0), class_names=("a", "b")
        )

    class Mute(Shrinking):
        def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
            return Generation(torch.zeros(len(labels), 1, 1, 2))

    with pytest.raises(MethodError, match="no latents"):
        generations_of_generations(Mute(), LABELS, 2, SampleRng(0))
