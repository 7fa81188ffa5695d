"""The U-Net: sizes, margins, what it looks at."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from regene_bench_plugins.networks.unet import Attention, Block, UNet, UNetSize
from torch import nn

from regene_bench.api import ImageShape

SIZE = UNetSize(
    patch=2,
    width=16,
    widest=32,
    halvings=1,
    blocks=1,
    attention=8,
    head=16,
    dropout=0.0,
    position_embedding=True,
)


def awake(network: UNet) -> UNet:
    """Give the layers that begin at zero weights of their own."""
    torch.manual_seed(0)
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    return network.eval()


@pytest.mark.parametrize(
    "shape",
    [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 24, 40), (1, 9, 5), (2, 1, 1)],
    ids=str,
)
@pytest.mark.parametrize(("patch", "halvings"), [(1, 2), (2, 1), (4, 0)])
def test_predictions_have_the_shape_of_images(
    shape: tuple[int, int, int], patch: int, halvings: int
) -> None:
    size = replace(SIZE, patch=patch, halvings=halvings)
    network = awake(UNet(ImageShape(*shape, 4), size))
    images = torch.randn(3, *shape)
    found = network(images, torch.rand(3), torch.tensor([0, 3, 4]))
    assert found.shape == images.shape
    assert found.dtype == torch.float32
    assert torch.isfinite(found).all()


def test_an_untrained_network_predicts_zero() -> None:
    network = UNet(ImageShape(1, 8, 8, 4), SIZE)
    assert not network(torch.randn(2, 1, 8, 8), torch.rand(2), torch.tensor([0, 1])).any()


def test_noise_level_and_class_change_the_prediction() -> None:
    network = awake(UNet(ImageShape(1, 8, 8, 4), SIZE))
    images = torch.randn(1, 1, 8, 8).expand(5, 1, 8, 8)
    levels = torch.tensor([0.5, 0.5, 0.6, 0.5, 0.5])
    found = network(images, levels, torch.tensor([0, 0, 0, 1, 4])).flatten(1)
    torch.testing.assert_close(found[0], found[1])
    for other in (2, 3, 4):
        assert (found[0] - found[other]).abs().max() > 1e-4


def test_each_image_is_predicted_alone() -> None:
    network = awake(UNet(ImageShape(1, 8, 8, 4), SIZE))
    images, levels = torch.randn(4, 1, 8, 8), torch.rand(4)
    labels = torch.tensor([0, 1, 2, 3])
    whole = network(images, levels, labels)
    alone = network(images[2:3], levels[2:3], labels[2:3])
    torch.testing.assert_close(whole[2:3], alone, atol=1e-5, rtol=1e-4)


def test_maps_and_channels() -> None:
    size = replace(SIZE, patch=1, width=16, widest=48, halvings=3)
    assert size.widths == [16, 32, 48, 48]
    shape = ImageShape(1, 28, 28, 10)
    assert size.padding(shape) == (4, 4)
    assert size.sides(shape) == [32, 16, 8, 4]
    assert SIZE.padding(shape) == (0, 0)
    assert SIZE.sides(shape) == [14, 7]


@pytest.mark.parametrize(("attention", "layers"), [(0, 0), (6, 1), (7, 3), (14, 5)])
def test_attention_is_on_small_maps_and_in_the_middle(attention: int, layers: int) -> None:
    network = UNet(ImageShape(1, 28, 28, 10), replace(SIZE, attention=attention))
    found = [layer for layer in network.modules() if isinstance(layer, Attention)]
    assert len(found) == layers
    assert len([layer for layer in network.modules() if isinstance(layer, Block)]) == 6


def test_attention_sees_all_places() -> None:
    torch.manual_seed(0)
    layer = Attention(16, 8)
    nn.init.normal_(layer.last.weight)
    maps = torch.randn(1, 16, 4, 4)
    changed = maps.clone()
    # as large in all channels of a group would be taken out by the norm
    changed[0, 3, 0, 0] += 5
    assert (layer(maps)[0, :, 3, 3] - layer(changed)[0, :, 3, 3]).abs().max() > 1e-4


@pytest.mark.parametrize("embedded", [True, False])
def test_only_with_a_position_embedding_a_network_knows_where_it_is(embedded: bool) -> None:
    """Far from the border, a grey image looks everywhere the same."""
    size = replace(SIZE, patch=1, halvings=0, attention=0, position_embedding=embedded)
    network = awake(UNet(ImageShape(1, 40, 40, 4), size))
    # norms take statistics of whole maps, which say the same everywhere
    found = network(torch.full((1, 1, 40, 40), 0.5), torch.rand(1), torch.tensor([1]))
    middle = found[0, 0, 15:25, 15:25].detach()
    assert (float(middle.std()) > 1e-3) is embedded
