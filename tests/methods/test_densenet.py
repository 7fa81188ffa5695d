"""DenseNet-100 is the network of Huang et al. (2017): layers, sizes, number of parameters."""

from __future__ import annotations

import pytest
import torch
from regene_bench_plugins.methods.regene.config import ReGeneConfig
from regene_bench_plugins.methods.regene.training import build_networks
from regene_bench_plugins.networks.densenet_cifar import DenseNetEncoder
from regene_bench_plugins.networks.latent_classifier import LatentClassifier
from torch import nn

from regene_bench.api import ImageShape


@pytest.fixture(scope="module")
def network() -> LatentClassifier:
    return LatentClassifier(DenseNetEncoder(3), 10)


def test_it_has_a_hundred_layers(network: LatentClassifier) -> None:
    kinds = (nn.Conv2d, nn.Linear)
    layers = [m for m in network.modules() if isinstance(m, kinds)]
    # two convolutions between blocks are counted, as the paper does: 1 + 3 · 16 · 2 + 2 + 1
    assert len(layers) == 100


def test_it_has_as_many_parameters_as_widths_say(network: LatentClassifier) -> None:
    """Counted layer by layer; 0.8 million in Table 2."""
    growth, width, expected = 12, 24, 24 * 3 * 9
    for block in range(3):
        if block:
            expected += 2 * width + width * (width // 2)
            width //= 2
        for _ in range(16):
            expected += 2 * width + width * 48 + 2 * 48 + 48 * growth * 9
            width += growth
    expected += 2 * width + (width + 1) * 10
    assert width == network.encoder.latent_dim == 342
    assert sum(p.numel() for p in network.parameters()) == expected == 769_162


def test_its_maps_are_of_full_half_and_quarter_size(network: LatentClassifier) -> None:
    maps = network.encoder.block_features(torch.rand(2, 3, 32, 32))
    assert [tuple(m.shape[1:]) for m in maps] == [(216, 32, 32), (300, 16, 16), (342, 8, 8)]
    assert (maps[-1] >= 0).all()
    assert network.encoder(torch.rand(2, 3, 32, 32)).shape == (2, 342)


def test_regene_s_decoder_starts_from_its_vectors() -> None:
    config = ReGeneConfig(encoder="densenet100", decoder_width=8, decoder_narrowest=8)
    classifier, decoder = build_networks(config, ImageShape(1, 28, 28, 10))
    latents = classifier.encoder(torch.rand(2, 1, 28, 28))
    assert decoder(latents).shape == (2, 1, 28, 28)


def test_other_depths_are_refused() -> None:
    with pytest.raises(ValueError, match="6n \\+ 4 layers, not 101"):
        DenseNetEncoder(3, depth=101)
