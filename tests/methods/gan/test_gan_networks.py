"""Networks of the GANs fit any image and have the layers that their papers name."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from regene_bench_plugins.methods.gan.cgan import CGAN, CGANConfig, cgan_setup
from regene_bench_plugins.methods.gan.infogan_networks import (
    InfoGANNetworksConfig,
    infogan_discriminator,
    infogan_generator,
)
from regene_bench_plugins.networks.autoencoder_discriminator import AutoencoderDiscriminator
from regene_bench_plugins.networks.conditional_norm import conditional_norm, no_norm
from regene_bench_plugins.networks.conditioning import (
    CodeAndOneHot,
    CodeOnly,
    ImageOnly,
    LabelPlanes,
)
from regene_bench_plugins.networks.heads import LinearHead, ProjectionHead
from regene_bench_plugins.networks.residual import ResidualFeatures, ResidualGenerator
from regene_bench_plugins.networks.strided import (
    Discriminator,
    StridedFeatures,
    TransposedGenerator,
    doubling_widths,
    halvings_to,
)
from torch import Tensor, nn

from regene_bench.api import ImageShape

SHAPES = [(1, 1, 1), (3, 2, 9), (1, 8, 8), (1, 28, 28), (3, 24, 40), (3, 37, 53), (3, 64, 64)]
LABELS = torch.tensor([0, 2])


def sizes_of_a_pass(generator: nn.Module, discriminator: nn.Module) -> list[tuple[int, ...]]:
    """Shapes of images and scores of one pass through both.

    In evaluation mode: a pixel alone has no batch statistics.
    """
    images: Tensor = generator.eval()(torch.randn(2, 5), LABELS)
    assert images.dtype == torch.float32
    assert images.min() >= 0
    assert images.max() <= 1
    return [tuple(images.shape), tuple(discriminator.eval()(images, LABELS).scores.shape)]


@pytest.mark.parametrize("size", SHAPES, ids=str)
@pytest.mark.parametrize("kernel", [3, 4])
def test_strided_networks_fit_any_size(size: tuple[int, int, int], kernel: int) -> None:
    shape = ImageShape(*size, n_classes=3)
    generator = TransposedGenerator(shape, CodeAndOneHot(5, 3), (4, 8), kernel=kernel)
    entrance = LabelPlanes(3)
    features = StridedFeatures(shape, (4, 8), code=entrance.code, kernel=kernel)
    discriminator = Discriminator(entrance, features, LinearHead(features.size))
    assert sizes_of_a_pass(generator, discriminator) == [(2, *size), (2,)]


@pytest.mark.parametrize("size", SHAPES, ids=str)
def test_residual_networks_fit_any_size(size: tuple[int, int, int]) -> None:
    shape = ImageShape(*size, n_classes=3)
    generator = ResidualGenerator(shape, CodeAndOneHot(5, 3), 4, conditional_norm(3))
    features = ResidualFeatures(shape, shape.channels, 4, torch.sum)
    discriminator = Discriminator(ImageOnly(), features, ProjectionHead(4, 3))
    assert sizes_of_a_pass(generator, discriminator) == [(2, *size), (2,)]


@pytest.mark.parametrize("size", SHAPES, ids=str)
def test_autoencoding_networks_fit_any_size(size: tuple[int, int, int]) -> None:
    shape = ImageShape(*size, n_classes=3)
    generator = TransposedGenerator(shape, CodeAndOneHot(5, 3), (4,))
    discriminator = AutoencoderDiscriminator(shape, 6, 4, norm=True, conditional=True)
    assert sizes_of_a_pass(generator, discriminator) == [(2, *size), (2,)]


def test_an_autoencoding_discriminator_scores_by_the_mean_absolute_error() -> None:
    shape = ImageShape(2, 9, 8, n_classes=3)
    discriminator = AutoencoderDiscriminator(shape, 6, 4, norm=True, conditional=True).eval()
    nn.init.zeros_(discriminator.draw.weight)
    nn.init.zeros_(discriminator.draw.bias)  # what is kept is 0.5 everywhere then
    images = torch.stack([torch.zeros(2, 9, 8), torch.full((2, 9, 8), 0.75)])
    assert discriminator(images, LABELS).scores.tolist() == pytest.approx([0.5, 0.25])


@pytest.mark.parametrize("conditional", [True, False])
def test_an_autoencoding_discriminator_names_classes_if_there_are_labels(conditional: bool) -> None:
    shape = ImageShape(1, 8, 8, n_classes=3)
    discriminator = AutoencoderDiscriminator(
        shape, 6, 4, norm=False, conditional=conditional
    ).eval()
    images = torch.rand(2, 1, 8, 8)
    output = discriminator(images, LABELS)
    assert (output.class_logits is not None) == conditional
    assert torch.equal(output.scores, discriminator(images, 2 - LABELS).scores) != conditional


@pytest.mark.parametrize(("side", "halvings"), [(8, 1), (28, 3), (32, 3), (33, 4), (64, 4), (1, 1)])
def test_halvings_leave_about_four_pixels(side: int, halvings: int) -> None:
    assert halvings_to(4, ImageShape(1, side, side + 9, 2)) == halvings


def test_widths_double_up_to_eight_times() -> None:
    assert doubling_widths(64, 6) == (64, 128, 256, 512, 512, 512)


def convolutions(network: nn.Module) -> list[tuple[int, int, int, int]]:
    """Input and output channels, kernel and stride of each strided convolution."""
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    found = [m for m in network.modules() if isinstance(m, kinds)]
    return [(m.in_channels, m.out_channels, m.kernel_size[0], m.stride[0]) for m in found]


def linears(network: nn.Module) -> list[tuple[int, int]]:
    found = [m for m in network.modules() if isinstance(m, nn.Linear)]
    return [(m.in_features, m.out_features) for m in found]


def test_the_infogan_networks_are_those_of_lucic_et_al() -> None:
    shape, config = ImageShape(1, 28, 28, 10), InfoGANNetworksConfig()
    generator = infogan_generator(config, shape)
    assert sorted(linears(generator)) == [(64 + 10, 1024), (1024, 128 * 7 * 7)]
    assert convolutions(generator) == [(128, 64, 4, 2), (64, 1, 4, 2)]
    discriminator = infogan_discriminator(config, shape)
    assert convolutions(discriminator) == [(1 + 10, 64, 4, 2), (64, 128, 4, 2)]
    assert linears(discriminator) == [(128 * 7 * 7, 1024), (1024, 1)]


def activations(network: nn.Module) -> set[float]:
    return {m.negative_slope for m in network.modules() if isinstance(m, nn.LeakyReLU)}


def paper_game(shape: ImageShape) -> tuple[nn.Module, nn.Module]:
    setup = cgan_setup(CGANConfig(**CGAN.preset("paper", shape)), shape)
    for network in (setup.generator, setup.discriminator):
        assert not [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    return setup.generator, setup.discriminator


def test_cgans_paper_networks_for_mnist_are_two_blocks_of_3x3_with_leaky_relu() -> None:
    generator, discriminator = paper_game(ImageShape(1, 28, 28, 10))
    assert [block[2:] for block in convolutions(generator)] == [(3, 2)] * 2
    assert [block[2:] for block in convolutions(discriminator)] == [(3, 2)] * 2
    inner = [block[1] for block in convolutions(discriminator)]
    assert [block[0] for block in convolutions(generator)] == inner[::-1]
    assert activations(generator) == activations(discriminator) == {0.2}
    # "a concatenated channel": one, whatever the number of classes
    assert convolutions(discriminator)[0][0] == 1 + 1


def test_cgans_paper_networks_for_clothing_are_three_blocks_of_4x4_with_relu() -> None:
    generator, discriminator = paper_game(ImageShape(3, 64, 64, 2))
    assert [block[2:] for block in convolutions(generator)] == [(4, 2)] * 3
    assert [block[2:] for block in convolutions(discriminator)] == [(4, 2)] * 3
    inner = [block[1] for block in convolutions(discriminator)]
    assert [block[0] for block in convolutions(generator)] == inner[::-1]
    assert activations(generator) == activations(discriminator) == {0.0}


def test_residual_features_are_pooled_as_they_are_told() -> None:
    shape = ImageShape(1, 16, 16, 2)
    summed, mean = (ResidualFeatures(shape, 1, 4, pool) for pool in (torch.sum, torch.mean))
    mean.load_state_dict(summed.state_dict())
    images = torch.rand(2, 1, 16, 16)
    pixels = summed.blocks(summed.first(2 * images - 1)).shape[2:].numel()
    assert torch.allclose(summed(images), pixels * mean(images), rtol=1e-4, atol=1e-5)


def test_labels_reach_every_conditional_generator() -> None:
    shape, noise = ImageShape(1, 8, 8, 3), torch.randn(1, 5).expand(2, 5)
    beside_the_noise = TransposedGenerator(shape, CodeAndOneHot(5, 3), (4,), norm=no_norm)
    in_the_norm = ResidualGenerator(shape, CodeOnly(5), 4, conditional_norm(3))
    for name, parameter in in_the_norm.named_parameters():
        if name.endswith("shift"):
            nn.init.normal_(parameter)
    for generator in (beside_the_noise, in_the_norm):
        images = generator.eval()(noise, LABELS)
        assert not torch.equal(images[0], images[1])


def test_a_generator_without_noise_and_labels_can_learn_its_one_image() -> None:
    torch.manual_seed(0)
    config = InfoGANNetworksConfig(conditional=False, noise_dim=0, width=4, dense=8)
    generator = infogan_generator(config, ImageShape(1, 8, 8, 3))
    target = torch.rand(1, 1, 8, 8).expand(4, 1, 8, 8)
    noise, labels = torch.empty(4, 0), torch.zeros(4, dtype=torch.int64)
    first = (generator(noise, labels) - target).square().mean()
    first.backward()
    gradients = {n: float(p.grad.abs().sum()) for n, p in generator.named_parameters() if p.numel()}
    # A bias in front of a batch normalisation has none: it is subtracted again.
    inner = [n for n in gradients if n.endswith("weight") and not n.startswith("entrance")]
    assert len(inner) == 5
    assert all(gradients[name] > 1e-8 for name in (*inner, "entrance.layers.1.bias"))
    optimizer = torch.optim.Adam(generator.parameters(), lr=0.02)
    for _ in range(100):
        optimizer.zero_grad()
        (generator(noise, labels) - target).square().mean().backward()
        optimizer.step()
    assert (generator(noise, labels) - target).square().mean() < first / 4


@pytest.mark.parametrize("sizes", [{"noise_dim": 2}, {"conditional": True}], ids=str)
def test_a_generator_with_noise_or_labels_starts_as_ever(sizes: dict[str, Any]) -> None:
    config = InfoGANNetworksConfig(**({"conditional": False, "noise_dim": 0, "dense": 8} | sizes))
    generator = infogan_generator(config, ImageShape(1, 8, 8, 3))
    biases = [p for name, p in generator.named_parameters() if name.endswith("bias")]
    assert all(torch.equal(bias, torch.zeros_like(bias)) for bias in biases)
