from __future__ import annotations

from pathlib import Path

import pytest
import torch
from regene_bench_plugins.networks.block_description import tapered_blocks
from regene_bench_plugins.networks.convolutional import ConvEncoder
from regene_bench_plugins.networks.perceptual import (
    PerceptualName,
    perceptual_distance,
    perceptual_network,
)
from torch import nn

from regene_bench.api import BenchmarkData, ConfigError, Generator, ImageShape, UnavailableError
from tests.extractors.random_inception import (
    published_in_place_of,
    random_inception,
    save_script,
)
from tests.extractors.random_vgg16 import save_vgg16, vgg16_in_place_of

from ..builders import fit, make_data, make_runtime

CPU = torch.device("cpu")
SIZES = [(1, 1), (2, 5), (8, 8), (28, 28), (37, 24)]


@pytest.fixture(scope="module")
def vgg_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_vgg16(tmp_path_factory.mktemp("cache") / "weights")


def encoder(channels: int = 1, height: int = 8, width: int = 8) -> ConvEncoder:
    return ConvEncoder(ImageShape(channels, height, width, 2), tapered_blocks(2, 8, 4)).eval()


@pytest.fixture(scope="module")
def inception_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_script(random_inception(), tmp_path_factory.mktemp("cache") / "weights")


def gradient(name: PerceptualName, images: torch.Tensor) -> torch.Tensor:
    network = perceptual_network(name, encoder(*images.shape[1:]), CPU)
    targets = network.targets(images, encoder(*images.shape[1:]).block_features(images))
    moved = (images * 0.5).requires_grad_()
    perceptual_distance(network.maps(moved), targets).backward()
    assert moved.grad is not None
    return moved.grad


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_coloured_images_of_any_size_have_a_gradient(
    channels: int, size: tuple[int, int], inception_file: Path, vgg_file: Path
) -> None:
    images = torch.rand(2, channels, *size, generator=torch.Generator().manual_seed(0)) + 0.2
    found = {}
    with published_in_place_of(inception_file):
        names: tuple[PerceptualName, ...] = ("efficientnet_lite0", "inception", "classifier")
        found |= {name: gradient(name, images.clamp(max=1)) for name in names}
    with vgg16_in_place_of(vgg_file):
        found["vgg16"] = gradient("vgg16", images.clamp(max=1))
    for name, values in found.items():
        assert torch.isfinite(values).all(), name
        assert values.abs().sum() > 0, name


def test_a_grey_image_is_seen_as_its_rgb_picture() -> None:
    network = perceptual_network("efficientnet_lite0", encoder(), CPU)
    grey = torch.rand(2, 1, 9, 9)
    (once,), (thrice,) = network.maps(grey), network.maps(grey.expand(-1, 3, -1, -1))
    assert torch.equal(once, thrice)


def test_equal_images_have_no_distance_and_the_maps_are_averaged() -> None:
    maps = [torch.zeros(2, 3, 4, 4), torch.zeros(2, 8, 2, 2)]
    assert float(perceptual_distance(maps, maps)) == 0
    moved = [maps[0] + 1, maps[1] - 3]
    assert float(perceptual_distance(moved, maps)) == 2


def test_the_inception_layer_is_the_files_first_convolution(inception_file: Path) -> None:
    with published_in_place_of(inception_file):
        network = perceptual_network("inception", encoder(), CPU)
    images = torch.rand(2, 3, 16, 16)
    first = next(iter(random_inception().layers.children()))
    (found,) = network.maps(images)
    expected = first((images * 255 - 128) / 128)
    assert found.shape == (2, 32, 7, 7)
    assert torch.allclose(found, expected, atol=1e-4)


def test_block1_conv1_is_the_files_first_convolution_with_its_activation(vgg_file: Path) -> None:
    with vgg16_in_place_of(vgg_file):
        network = perceptual_network("vgg16", encoder(), CPU)
    state = torch.load(vgg_file, weights_only=True)
    images = torch.rand(2, 3, 16, 16)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    inputs = (images - mean[:, None, None]) / deviation[:, None, None]
    weight, bias = state["features.0.weight"], state["features.0.bias"]
    expected = nn.functional.conv2d(inputs, weight, bias, padding=1).relu()
    (found,) = network.maps(images)
    assert found.shape == (2, 64, 16, 16)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", ["inception", "vgg16"])
def test_weights_that_are_not_there_are_named_with_the_remedy(
    name: PerceptualName, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    with pytest.raises(UnavailableError, match=f"weights fetch {name}"):
        perceptual_network(name, encoder(), CPU)


def test_other_numbers_of_channels_need_the_classifier() -> None:
    with pytest.raises(ConfigError, match="perceptual=classifier"):
        perceptual_network("efficientnet_lite0", encoder(2), CPU).maps(torch.rand(1, 2, 8, 8))


def test_its_weights_are_not_trained() -> None:
    network = perceptual_network("efficientnet_lite0", encoder(), CPU)
    layers = [value for value in vars(network).values() if isinstance(value, nn.Module)]
    assert layers
    assert not any(p.requires_grad for layer in layers for p in layer.parameters())


def test_a_grey_regene_trains_through_the_stem(stripes: BenchmarkData, tmp_path: Path) -> None:
    def weights(l3: float) -> torch.Tensor:
        changes = {"l3": l3, "perceptual": "efficientnet_lite0", "decoder_images": 64}
        runtime = make_runtime(tmp_path / str(l3), precision="bfloat16")
        model = fit("regene", stripes, runtime, threshold="none", **changes)
        return torch.cat([p.detach().flatten() for p in model._decoder.parameters()])

    assert torch.isfinite(weights(1.0)).all()
    assert not torch.equal(weights(1.0), weights(0.0))


def test_weights_that_no_stage_looks_through_need_not_be_there(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    model = fit("regene", make_data(), make_runtime(tmp_path), l3=0.0, perceptual="inception")
    assert isinstance(model, Generator)


def test_a_network_that_is_not_there_is_missed_before_anything_is_trained(
    stripes: BenchmarkData, own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    runtime = make_runtime(tmp_path / "run")
    with pytest.raises(UnavailableError, match="weights fetch vgg16"):
        fit("regene", stripes, runtime, perceptual="vgg16", l3=0.1)
    assert runtime.ledger == []
    assert not runtime.checkpoints.has("classifier")
