"""EfficientNet-Lite0: the right weights in the right layers, under the declared preprocessing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from regene_bench_plugins.backbones.efficientnet_lite0 import (
    embedded_weights,
    fold_batch_norm,
    fold_padding,
    load_network,
)
from regene_bench_plugins.extractors import efficientnet_lite0 as module
from regene_bench_plugins.extractors.efficientnet_lite0 import EfficientNetLite0
from regene_bench_plugins.extractors.preprocess import bicubic_square
from timm.layers import Conv2dSame
from torch import Tensor, nn

from regene_bench.base.errors import UnavailableError
from tests.methods.builders import make_data, make_runtime


@pytest.fixture(autouse=True)
def _as_the_shelf_does() -> Iterator[None]:
    with torch.inference_mode():
        yield


def noise(n: int, channels: int, height: int, width: int, seed: int = 0) -> Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(0, 256, (n, channels, height, width), dtype=np.uint8))


@pytest.fixture(scope="module")
def path() -> Path:
    return embedded_weights()


@pytest.fixture(scope="module")
def saved(path: Path) -> dict[str, Tensor]:
    return dict(torch.load(path, map_location="cpu", weights_only=True))


@pytest.fixture(scope="module")
def extractor(tmp_path_factory: pytest.TempPathFactory) -> EfficientNetLite0:
    found = EfficientNetLite0({})
    found.prepare(make_data(), make_runtime(tmp_path_factory.mktemp("checkpoints")))
    return found


def unfolded(saved: dict[str, Tensor]) -> nn.Module:
    network = timm.create_model("tf_efficientnet_lite0", num_classes=1000)
    own = network.state_dict()
    network.load_state_dict(dict(zip(own, saved.values(), strict=True)))
    return network.eval()


def name_in_file(name: str, first_block_of_stage: list[int]) -> str:
    """The file's name for a tensor of timm's network, by the roles of the layers."""
    outside = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1"}
    layer, _, tensor = name.rpartition(".")
    if layer == "classifier":
        return f"_fc.{tensor}"
    if layer in outside:
        return f"{outside[layer]}.{tensor}"
    _, stage, block, role = layer.split(".")
    # the first stage does not expand: its point-wise convolution is the projection
    roles = {
        "conv_pw": "_project_conv" if stage == "0" else "_expand_conv",
        "conv_dw": "_depthwise_conv",
        "conv_pwl": "_project_conv",
        "bn1": "_bn1" if stage == "0" else "_bn0",
        "bn2": "_bn2" if stage == "0" else "_bn1",
        "bn3": "_bn2",
    }
    number = first_block_of_stage[int(stage)] + int(block)
    return f"_blocks.{number}.{roles[role]}.{tensor}"


def test_loading_by_position_gives_every_layer_the_weights_of_its_role(
    saved: dict[str, Tensor],
) -> None:
    network = timm.create_model("tf_efficientnet_lite0", num_classes=1000)
    first, total = [], 0
    for stage in network.blocks:
        first.append(total)
        total += len(stage)
    expected = [name_in_file(name, first) for name in network.state_dict()]
    assert expected == list(saved)


def test_the_network_recognises_a_photograph(saved: dict[str, Tensor]) -> None:
    from sklearn.datasets import load_sample_image

    photograph = torch.from_numpy(load_sample_image("china.jpg").copy()).movedim(-1, 0)[None]
    inputs = (bicubic_square(photograph, 224) - 127.0) / 128.0
    with torch.inference_mode():
        best = unfolded(saved)(inputs)[0].topk(3).indices.tolist()
    palace, monastery, stupa = 698, 663, 832
    assert {palace, monastery, stupa} & set(best)


def test_folding_batch_norms_changes_nothing_but_rounding(
    saved: dict[str, Tensor], path: Path
) -> None:
    plain, folded = unfolded(saved), load_network(path)
    plain.reset_classifier(0)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in folded.modules())
    inputs = (bicubic_square(noise(3, 3, 32, 32), 224) - 127.0) / 128.0
    with torch.inference_mode():
        expected, found = plain(inputs), folded(inputs)
    assert found.shape == (3, 1280)
    assert float((found - expected).norm() / expected.norm()) < 1e-5


def test_folding_the_padding_changes_nothing(path: Path) -> None:
    network = load_network(path).to(memory_format=torch.channels_last)
    inputs = (bicubic_square(noise(2, 3, 32, 32), 224) - 127.0) / 128.0
    expected = network(inputs)
    assert sum(isinstance(module, Conv2dSame) for module in network.modules()) == 5
    fold_padding(network)
    assert not any(isinstance(module, Conv2dSame) for module in network.modules())
    torch.testing.assert_close(network(inputs), expected, rtol=1e-5, atol=1e-6)


def test_folding_keeps_the_activation_of_a_batch_norm() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 4, 3)
            self.bn = nn.BatchNorm2d(4)
            self.act = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return self.act(self.bn(self.conv(x)))

    block = Block()
    for parameter in block.bn.parameters():
        nn.init.normal_(parameter)
    block.bn.running_mean = torch.randn(4)
    block.bn.running_var = torch.rand(4) + 0.5
    block.eval()
    images = torch.randn(2, 2, 8, 8)
    expected = block(images)
    fold_batch_norm(block)
    assert isinstance(block.bn, nn.Identity)
    torch.testing.assert_close(block(images), expected, rtol=1e-4, atol=1e-5)


def test_grey_images_are_rgb_images_of_equal_channels(extractor: EfficientNetLite0) -> None:
    grey = noise(2, 1, 28, 28)
    features = extractor.extract(grey).features
    replicated = extractor.extract(grey.repeat(1, 3, 1, 1)).features
    assert float((features - replicated).norm() / features.norm()) < 1e-5


def test_different_images_have_different_features(extractor: EfficientNetLite0) -> None:
    features = extractor.extract(noise(2, 1, 8, 8)).features
    assert float((features[0] - features[1]).norm() / features[0].norm()) > 0.05


def test_autocast_around_it_does_not_lower_its_precision(extractor: EfficientNetLite0) -> None:
    images = noise(2, 1, 8, 8)
    expected = extractor.extract(images).features
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = extractor.extract(images).features
    assert torch.equal(found, expected)


def test_the_card_says_what_was_done(extractor: EfficientNetLite0) -> None:
    card = extractor.card
    assert (card.id, card.input_size, card.feature_dim) == ("efficientnet_lite0", 224, 1280)
    assert card.value_range == ((0 - 127) / 128, (255 - 127) / 128)
    assert len(card.weights_sha256) == 64


def test_another_file_is_refused_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.pth"
    other.write_bytes(b"something else")
    monkeypatch.setattr(module, "embedded_weights", lambda: other)
    with pytest.raises(UnavailableError, match=r"other\.pth is not the file") as caught:
        EfficientNetLite0({}).prepare(make_data(), make_runtime(tmp_path))
    assert "pip install" in caught.value.hint
