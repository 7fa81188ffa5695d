"""A decoder's bias for each pixel starts at the mean image, once, when training begins."""

from __future__ import annotations

import pytest
import torch
from regene_bench_plugins.methods.vae.rae_sn import RAESN
from regene_bench_plugins.methods.vae.wae import WAE
from regene_bench_plugins.networks.pixel_bias import PixelBiased
from torch import Tensor, nn

from regene_bench.api import DeviceImages, ImageShape

SHAPE = ImageShape(1, 2, 2, 2)


class Grey(nn.Module):
    """Decodes every vector to logits of 0."""

    def logits(self, vectors: Tensor) -> Tensor:
        return torch.zeros(len(vectors), SHAPE.channels, SHAPE.height, SHAPE.width)


def test_an_untrained_decoder_gives_the_mean_image() -> None:
    first = torch.tensor([[[0, 255], [51, 102]]], dtype=torch.uint8)
    second = torch.tensor([[[0, 255], [153, 0]]], dtype=torch.uint8)
    images = DeviceImages(torch.stack([first, second]), torch.tensor([0, 1]))
    decoder = PixelBiased(Grey(), SHAPE)
    decoder.start_at_mean(images)
    decoded = decoder(torch.zeros(3, 5))
    # black and white have no finite logit: half of a per cent is left
    expected = torch.tensor([[0.005, 0.995], [0.4, 0.2]]).expand(3, 1, 2, 2)
    torch.testing.assert_close(decoded, expected)


@pytest.mark.parametrize("method", [WAE, RAESN])
def test_it_is_of_short_trainings_on_grey_images_alone(method: type[WAE | RAESN]) -> None:
    grey, colour = ImageShape(1, 28, 28, 10), ImageShape(3, 32, 32, 10)
    assert method.preset("quick", grey)["pixel_bias"]
    for preset, shape in (("quick", colour), ("standard", grey), ("paper", grey)):
        assert not method.preset(preset, shape).get("pixel_bias", False)
