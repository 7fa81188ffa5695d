from __future__ import annotations

import pytest
import torch
from regene_bench_plugins.networks.average import MovingAverage
from regene_bench_plugins.networks.block_description import (
    BlockDescription,
    blocks_for,
    sizes,
    tapered_blocks,
)
from regene_bench_plugins.networks.convolutional import ConvClassifier, ConvDecoder, VectorDecoder

from regene_bench.api import ImageShape

SHAPES = [(1, 1, 1), (3, 2, 9), (1, 8, 8), (1, 28, 28), (3, 24, 40), (3, 37, 53), (3, 64, 64)]


@pytest.mark.parametrize("size", SHAPES, ids=str)
@pytest.mark.parametrize("blocks", [1, 3, None])
def test_networks_fit_any_size(size: tuple[int, int, int], blocks: int | None) -> None:
    shape = ImageShape(*size, n_classes=3)
    images = torch.rand(2, *size)
    blocks = blocks or blocks_for(shape.height, shape.width)
    description = tapered_blocks(blocks, 8, 4)
    classifier = ConvClassifier(shape, description)
    decoder = ConvDecoder(shape, description, classifier.encoder.map_shape[0])
    latents = classifier.encoder(images)
    assert latents.shape == (2, classifier.encoder.latent_dim)
    assert classifier(images).shape == (2, 3)
    for decoded in (
        decoder(latents),
        VectorDecoder(shape, description, 5)(torch.randn(2, 5)),
    ):
        assert decoded.shape == images.shape
        assert decoded.min() >= 0
        assert decoded.max() <= 1


def test_paper_descriptions_are_tables_a5_and_a7() -> None:
    assert tapered_blocks(4, 128, 128, ends=1) == BlockDescription((128,) * 4, (2, 1, 1, 2))
    assert tapered_blocks(4, 512, 256, 3) == BlockDescription((256, 256, 256, 512), (3,) * 4)
    grey = ConvClassifier(ImageShape(1, 28, 28, 10), tapered_blocks(4, 128, 128, ends=1))
    colour = ConvClassifier(ImageShape(3, 32, 32, 10), tapered_blocks(4, 128, 128, ends=1))
    assert grey.encoder.latent_dim == 1152
    assert colour.encoder.latent_dim == 2048


def test_block_features_end_in_the_latents() -> None:
    encoder = ConvClassifier(ImageShape(1, 12, 9, 2), tapered_blocks(3, 8, 2, 2)).encoder.eval()
    images = torch.rand(2, 1, 12, 9)
    features = encoder.block_features(images)
    assert [tuple(f.shape[1:]) for f in features] == [(2, 12, 9), (4, 6, 4), (8, 3, 2)]
    assert torch.equal(features[-1].flatten(1), encoder(images))


def test_sizes_are_those_of_the_paper() -> None:
    assert sizes(28, 28, 4) == ((28, 28), (14, 14), (7, 7), (3, 3))
    assert [blocks_for(side, side) for side in (1, 8, 28, 32, 64, 128)] == [1, 2, 4, 4, 5, 6]
    with pytest.raises(ValueError, match="at least 1"):
        BlockDescription((), ())


def test_moving_average_without_decay_copies_to_the_bit() -> None:
    network = torch.nn.BatchNorm1d(200)
    copy = MovingAverage(network, 0.0)
    for number in range(5):
        network(torch.randn(4, 200, generator=torch.Generator().manual_seed(number)))
        with torch.no_grad():
            network.weight.normal_()
        copy.update(network)
        for name in ("weight", "running_mean", "running_var"):
            assert torch.equal(copy.network.state_dict()[name], network.state_dict()[name])


def test_moving_average_is_the_sum_of_its_definition() -> None:
    network = torch.nn.Linear(2, 2)
    average = MovingAverage(network, 0.5)
    expected = network.weight.detach().double()
    for number in range(12):
        with torch.no_grad():
            network.weight.fill_(number)
        average.update(network)
        # a young one forgets faster
        weight = max(0.5, 9 / (9 + number + 1))
        expected = (1 - weight) * expected + weight * number
    torch.testing.assert_close(average.network.weight.double(), expected, rtol=1e-6, atol=0)


def test_moving_average_follows() -> None:
    network = torch.nn.Linear(2, 2)
    slow = MovingAverage(network, 0.99)
    for _ in range(3000):
        with torch.no_grad():
            network.weight.fill_(3.0)
        slow.update(network)
    followed = network.state_dict()["weight"]
    assert torch.allclose(slow.network.state_dict()["weight"], followed, atol=1e-3)
    assert not any(parameter.requires_grad for parameter in slow.network.parameters())
