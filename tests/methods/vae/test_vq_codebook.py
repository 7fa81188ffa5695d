"""The codebook moves as its equations say, and no loss depends on how much is averaged."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from regene_bench_plugins.methods.vae.vq_codebook import Codebook, commitment, straight_through
from regene_bench_plugins.methods.vae.vq_training import QuantisingAutoencoder
from torch import Tensor

from regene_bench.api import ImageShape

DECAY = 0.9


def normal(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def codebook() -> Codebook:
    torch.manual_seed(0)
    return Codebook(5, 3, DECAY)


def test_the_nearest_code_is_that_of_the_smallest_distance(codebook: Codebook) -> None:
    encoded = 2 * normal(200, 3)
    distances = np.linalg.norm(
        encoded.double().numpy()[:, None] - codebook.vectors.double().numpy()[None], axis=2
    )
    assert codebook.nearest(encoded).tolist() == distances.argmin(axis=1).tolist()


def test_vectors_are_moving_averages_of_what_is_nearest_to_them(codebook: Codebook) -> None:
    smoothing = 1e-5
    counts, sums = np.zeros(5), np.zeros((5, 3))
    for batch in range(40):
        encoded = normal(30, 3, seed=batch) + 0.1 * batch
        codes = codebook.nearest(encoded)
        codebook.update(encoded, codes)
        for k in range(5):
            chosen = encoded.double().numpy()[codes.numpy() == k]
            counts[k] = DECAY * counts[k] + (1 - DECAY) * len(chosen)
            sums[k] = DECAY * sums[k] + (1 - DECAY) * chosen.sum(axis=0)
        total = counts.sum()
        smooth = (counts + smoothing) / (total + 5 * smoothing) * total
        np.testing.assert_allclose(codebook.counts, counts, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(codebook.vectors, sums / smooth[:, None], rtol=1e-3, atol=1e-4)


def test_a_code_that_is_always_chosen_becomes_the_mean_of_its_vectors(codebook: Codebook) -> None:
    encoded = normal(64, 3)
    for _ in range(5):
        codebook.update(encoded, torch.full((64,), 2))
    torch.testing.assert_close(codebook.vectors[2], encoded.mean(0), rtol=1e-4, atol=1e-4)


def test_codes_without_vectors_come_back_among_the_encoders_outputs() -> None:
    torch.manual_seed(0)
    codebook = Codebook(16, 2, DECAY)
    codebook.vectors += 100
    encoded = normal(256, 2)
    for _ in range(30):
        codes = codebook.nearest(encoded)
        codebook.update(encoded, codes)
        codebook.revive(encoded)
    assert len(codebook.nearest(encoded).unique()) == 16


def test_codes_in_use_are_not_moved_by_reviving(codebook: Codebook) -> None:
    encoded = normal(500, 3)
    codes = torch.arange(500) % 4
    for _ in range(50):
        codebook.update(encoded, codes)
    before = codebook.vectors.clone()
    codebook.revive(encoded)
    assert torch.equal(codebook.vectors[:4], before[:4])
    assert (codebook.vectors[4] == encoded).all(dim=1).any()


def test_the_gradient_of_a_quantised_value_goes_to_the_encoder_unchanged() -> None:
    encoded, quantised = normal(4, 3).requires_grad_(), normal(4, 3, seed=1).requires_grad_()
    value = straight_through(encoded, quantised)
    torch.testing.assert_close(value, quantised)
    weights = normal(4, 3, seed=2)
    found = torch.autograd.grad((weights * value).sum(), [encoded, quantised], allow_unused=True)
    assert found[0] is not None
    torch.testing.assert_close(found[0], weights)
    assert found[1] is None


@pytest.mark.parametrize("times", [2, 7])
def test_the_commitment_does_not_grow_with_batch_or_map(times: int) -> None:
    encoded, quantised = normal(6, 3), normal(6, 3, seed=1)
    one = commitment(encoded, quantised)
    assert float(one) == pytest.approx(float((encoded - quantised).square().mean()), rel=1e-6)
    more = commitment(encoded.repeat(times, 1), quantised.repeat(times, 1))
    torch.testing.assert_close(more, one)


def test_only_the_encoder_is_drawn_by_the_commitment() -> None:
    encoded, quantised = normal(6, 3).requires_grad_(), normal(6, 3, seed=1).requires_grad_()
    found = torch.autograd.grad(
        commitment(encoded, quantised), [encoded, quantised], allow_unused=True
    )
    assert found[0] is not None
    torch.testing.assert_close(found[0], 2 * (encoded - quantised).detach() / 18)
    assert found[1] is None


@pytest.mark.parametrize("size", [(8, 8), (28, 28), (7, 5), (1, 9), (24, 40)], ids=str)
@pytest.mark.parametrize("halvings", [1, 2, 3])
def test_images_of_any_size_come_back_in_their_size(size: tuple[int, int], halvings: int) -> None:
    shape = ImageShape(2, *size, 3)
    network = QuantisingAutoencoder(
        shape, width=4, n_codes=6, code_dim=3, decay=DECAY, halvings=halvings
    )
    images = torch.rand(2, 2, *size)
    codes = network.codes(images)
    assert codes.shape == (2, network.map_size[0] * network.map_size[1])
    assert network.pixels(network.codebook(codes).flatten(1)).shape == images.shape


def test_positions_of_codes_and_of_vectors_agree() -> None:
    torch.manual_seed(0)
    shape = ImageShape(1, 12, 8, 2)
    network = QuantisingAutoencoder(shape, width=4, n_codes=6, code_dim=3, decay=DECAY, halvings=1)
    network.eval()
    images = torch.rand(3, 1, 12, 8)
    features = network.encoder(images)
    vectors = network.encode(images).view(3, 6, 4, 3)
    torch.testing.assert_close(vectors.permute(0, 3, 1, 2), features.float())
    encoded = network.encode(images)
    torch.testing.assert_close(network.pixels(encoded), network.decoder(features))
