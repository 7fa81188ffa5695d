"""The paper's networks, layer by layer: tables A.5 (28×28), A.6 (64×64), A.7 (32×32) and 1."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from regene_bench_plugins.methods.regene.regene import ReGene, ReGeneConfig
from regene_bench_plugins.methods.regene.training import build_networks
from regene_bench_plugins.networks.block_description import (
    BlockDescription,
    grow_innermost_map,
    tapered_blocks,
)
from torch import nn

from regene_bench.api import ImageShape

MNIST = ImageShape(1, 28, 28, 10)
CELEBA = ImageShape(3, 64, 64, 2)
CIFAR10 = ImageShape(3, 32, 32, 10)
LARGE = ImageShape(3, 128, 128, 2)

# A convolution is (filters, side of its kernel, side of the map that it gives).
Convolution = tuple[int, int, int]

ENCODERS: dict[ImageShape, list[Convolution]] = {
    MNIST: [(128, 3, s) for s in (28, 28, 14, 7, 3, 3)],
    CELEBA: [(128, 3, s) for s in (64, 64, 32, 16, 8, 4, 4)],
    CIFAR10: [(128, 3, s) for s in (32, 32, 16, 8)] + [(128, 9, 4), (128, 11, 4)],
}
LATENTS = {MNIST: 1152, CELEBA: 2048, CIFAR10: 2048}
DECODERS: dict[ImageShape, list[Convolution]] = {
    MNIST: [(512, 3, s) for s in (5, 7, 7)] + [(256, 3, s) for s in (14, 14, 14, 28, 28, 28)],
    CELEBA: [(512, 3, 4)] * 3 + [(256, 3, s) for s in (8, 16, 32, 64) for _ in range(3)],
    CIFAR10: [(512, 3, 4)] * 3 + [(256, 3, s) for s in (8, 16, 32) for _ in range(3)],
}


def paper(shape: ImageShape, **changes: Any) -> ReGeneConfig:
    return ReGeneConfig(**(ReGene.preset("paper", shape) | changes))


def convolutions_of(layers: nn.Module, inputs: torch.Tensor) -> list[Convolution]:
    """Run the layers and note each convolution."""
    found: list[Convolution] = []

    def note(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        assert isinstance(layer, nn.Conv2d)
        assert layer.stride == (1, 1)
        found.append((layer.out_channels, layer.kernel_size[0], output.shape[-1]))

    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(note)
    with torch.inference_mode():
        layers.eval()(inputs)
    return found


def weights(convolutions: list[Convolution], channels: int, *, biased: bool) -> int:
    """Parameters of convolutions that are each followed by a batch normalisation.

    A bias that a batch normalisation takes off again is none: the encoder's have the
    normalisation at once, the decoder's an activation between.
    """
    total = 0
    for filters, side, _ in convolutions:
        total += channels * filters * side**2 + (3 if biased else 2) * filters
        channels = filters
    return total


@pytest.mark.parametrize("shape", ENCODERS, ids=str)
def test_the_classifier_is_that_of_the_table(shape: ImageShape) -> None:
    classifier, _ = build_networks(paper(shape), shape)
    images = torch.rand(1, shape.channels, shape.height, shape.width)
    assert convolutions_of(classifier.encoder, images) == ENCODERS[shape]
    assert classifier.encoder.latent_dim == LATENTS[shape]
    description = paper(shape).encoder_description(shape)
    assert description.latent_dim(shape.height, shape.width) == LATENTS[shape]
    expected = weights(ENCODERS[shape], shape.channels, biased=False)
    expected += (LATENTS[shape] + 1) * shape.n_classes
    assert sum(p.numel() for p in classifier.parameters()) == expected


@pytest.mark.parametrize("shape", DECODERS, ids=str)
def test_the_decoder_is_that_of_the_table(shape: ImageShape) -> None:
    _, decoder = build_networks(paper(shape), shape)
    last = (shape.channels, 3, shape.height)
    latents = torch.rand(1, LATENTS[shape])
    assert convolutions_of(decoder, latents) == [*DECODERS[shape], last]
    expected = weights(DECODERS[shape], 128, biased=True)
    expected += 256 * shape.channels * 9 + shape.channels
    assert sum(p.numel() for p in decoder.parameters()) == expected


def test_leaky_relu_comes_after_the_norm_in_the_encoder_and_before_it_in_the_decoder() -> None:
    classifier, decoder = build_networks(paper(MNIST), MNIST)
    kinds = [type(layer).__name__ for layer in classifier.encoder.layers]
    assert kinds[:7] == [*("Conv2d", "BatchNorm2d", "LeakyReLU") * 2, "MaxPool2d"]
    assert classifier.encoder.layers[2].negative_slope == 0.3
    kinds = [type(layer).__name__ for layer in decoder.layers]
    assert kinds[:10] == [*("Conv2d", "LeakyReLU", "BatchNorm2d") * 3, "Upsample"]


@pytest.mark.parametrize(
    ("blocks", "latent"), [(4, 2048), (5, 512), (6, 128)], ids=["4 blocks", "5", "6"]
)
@pytest.mark.parametrize("convolutions", [1, 3])
def test_the_family_of_table_1_is_chosen_by_parameters(
    blocks: int, latent: int, convolutions: int
) -> None:
    changes = {"encoder_convolutions": convolutions, "encoder_ends": 0, "encoder_kernels": ()}
    config = paper(CIFAR10, blocks=blocks, **changes)
    classifier, decoder = build_networks(config, CIFAR10)
    images = torch.rand(1, 3, 32, 32)
    found = convolutions_of(classifier.encoder, images)
    assert len(found) == blocks * convolutions
    assert classifier.encoder.latent_dim == latent
    with torch.inference_mode():
        assert decoder.eval()(classifier.encoder(images)).shape == images.shape


def test_128_pixels_have_one_block_more_and_the_same_latents() -> None:
    classifier, decoder = build_networks(paper(LARGE), LARGE)
    assert classifier.encoder.latent_dim == 2048
    with torch.inference_mode():
        images = decoder.eval()(torch.rand(1, 2048))
    assert images.shape == (1, 3, 128, 128)


@pytest.mark.parametrize(
    "size", [(1, 1, 1), (3, 2, 9), (1, 8, 8), (3, 12, 12), (3, 24, 40), (1, 37, 53)], ids=str
)
def test_the_papers_rules_give_networks_for_any_size(size: tuple[int, int, int]) -> None:
    shape = ImageShape(*size, n_classes=3)
    narrow = {
        "encoder_width": 4,
        "encoder_narrowest": 4,
        "decoder_width": 8,
        "decoder_narrowest": 4,
    }
    classifier, decoder = build_networks(paper(shape, **narrow), shape)
    images = torch.rand(2, *size)
    latents = classifier.eval().encoder(images)
    assert latents.shape == (2, classifier.encoder.latent_dim)
    assert classifier(images).shape == (2, 3)
    assert decoder.eval()(latents).shape == images.shape


def test_maps_grow_by_convolutions_only_where_doubling_misses() -> None:
    description = tapered_blocks(4, 8, 4, 3)
    grown = grow_innermost_map(description, 28, 28)
    assert grown == BlockDescription((4, 4, 8), (3, 3, 3), grown=2)
    assert grown.inner_size(28, 28) == description.inner_size(28, 28) == (3, 3)
    assert grow_innermost_map(description, 32, 32) == description
    # 3 to 7 needs two convolutions and 1 to 2 an odd number of pixels
    assert grow_innermost_map(tapered_blocks(4, 8, 4, 1), 28, 28).grown == 0
    assert grow_innermost_map(tapered_blocks(2, 8, 4, 3), 3, 3).grown == 1
    assert grow_innermost_map(tapered_blocks(2, 8, 4, 3), 3, 5).grown == 0
    assert grow_innermost_map(tapered_blocks(1, 8, 4, 3), 7, 7).grown == 0


def test_impossible_descriptions_are_refused() -> None:
    with pytest.raises(ValueError, match="odd sides"):
        BlockDescription((4,), (1,), inner_kernels=(4,))
    with pytest.raises(ValueError, match="enlarge"):
        BlockDescription((4,), (1,), grown=2)
