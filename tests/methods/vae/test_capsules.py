"""Capsules squash and agree as Sabour et al. 2017 write it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from regene_bench_plugins.methods.vae.capsules import CapsuleEncoder, RoutedCapsules, route, squash
from regene_bench_plugins.networks.block_description import tapered_blocks
from torch import Tensor

from regene_bench.api import ImageShape

Vectors = NDArray[np.float64]


def normal(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def squashed(vector: Vectors) -> Vectors:
    length = math.sqrt(float(vector @ vector))
    return vector * (length**2 / (1 + length**2) / length)


def routed(votes: Vectors, iterations: int) -> Vectors:
    """Procedure 1 for one image, votes ``[I, O, D]``, line by line."""
    below, above, dim = votes.shape
    b = np.zeros((below, above))
    v = np.zeros((above, dim))
    for _ in range(iterations):
        c = np.exp(b) / np.exp(b).sum(axis=1, keepdims=True)
        for j in range(above):
            v[j] = squashed(sum((c[i, j] * votes[i, j] for i in range(below)), np.zeros(dim)))
        for i in range(below):
            for j in range(above):
                b[i, j] += votes[i, j] @ v[j]
    return v


@pytest.mark.parametrize("length", [1e-3, 0.5, 1.0, 30.0])
def test_squashing_keeps_directions_and_gives_the_lengths_of_equation_1(length: float) -> None:
    direction = torch.nn.functional.normalize(normal(5, 4).double(), dim=1)
    found = squash(length * direction)
    expected = length**2 / (1 + length**2)
    torch.testing.assert_close(
        found.norm(dim=1), torch.full((5,), expected).double(), rtol=1e-2, atol=0
    )
    torch.testing.assert_close(torch.nn.functional.normalize(found, dim=1), direction)


def test_squashing_is_harmless_at_zero() -> None:
    vectors = torch.zeros(2, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(squash(vectors).sum(), vectors)
    assert torch.equal(squash(vectors), torch.zeros(2, 3))
    assert torch.isfinite(gradient).all()


def test_the_gradient_of_squashing_is_right() -> None:
    vectors = normal(3, 4).double().requires_grad_()
    assert torch.autograd.gradcheck(squash, vectors)


@pytest.mark.parametrize("iterations", [1, 2, 3, 6])
def test_routing_agrees_with_a_plain_loop(iterations: int) -> None:
    votes = normal(4, 6, 3, 5).double()
    found = route(votes, iterations).numpy()
    for image, of_image in zip(votes.numpy(), found, strict=True):
        np.testing.assert_allclose(of_image, routed(image, iterations), rtol=1e-6, atol=1e-9)


def test_capsules_that_agree_are_listened_to() -> None:
    votes = 0.2 * normal(1, 9, 2, 4)
    votes[0, :6, 0] = torch.tensor([1.0, 0.0, 0.0, 0.0])
    once, often = route(votes, 1), route(votes, 5)
    assert float(often[0, 0].norm()) > float(once[0, 0].norm()) + 0.05
    assert float(often[0, 0, 0] / often[0, 0].norm()) > 0.99


def test_votes_are_the_matrices_products() -> None:
    torch.manual_seed(0)
    layer = RoutedCapsules(3, 2, 4, 5, iterations=2).double()
    capsules = normal(2, 3, 2).double()
    votes = torch.stack(
        [
            torch.stack(
                [torch.stack([layer.weights[i, o] @ c[i] for o in range(4)]) for i in range(3)]
            )
            for c in capsules
        ]
    )
    expected = route(votes.float(), 2)
    torch.testing.assert_close(layer(capsules), expected)


def test_every_weight_of_the_encoder_learns() -> None:
    torch.manual_seed(0)
    shape = ImageShape(1, 12, 10, 3)
    encoder = CapsuleEncoder(
        shape,
        tapered_blocks(2, 4, 4),
        3,
        types=2,
        type_dim=3,
        capsules=4,
        capsule_dim=5,
        iterations=3,
    )
    features = encoder(torch.rand(6, 4, 12, 10))
    assert features.shape == (6, encoder.latent_dim) == (6, 20)
    features.square().sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
