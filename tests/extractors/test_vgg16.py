"""VGG-16 as an extractor: the verified file's convolutions, pooled; nothing stands in for it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from regene_bench_plugins.backbones.vgg16 import load_convolutions
from regene_bench_plugins.extractors.vgg16 import VGG16
from torchvision.models import vgg16
from torchvision.transforms.functional import normalize

from regene_bench.api import UnavailableError
from tests.extractors.random_vgg16 import save_vgg16, vgg16_in_place_of
from tests.methods.builders import make_data, make_runtime


def test_features_are_the_mean_of_the_last_pooled_map(tmp_path: Path) -> None:
    path = save_vgg16(tmp_path / "weights")
    with vgg16_in_place_of(path):
        extractor = VGG16({})
        extractor.prepare(make_data(), make_runtime(tmp_path))
    images = torch.randint(0, 256, (2, 3, 64, 48), dtype=torch.uint8)
    with torch.device("meta"):
        network = vgg16().eval()
    network.load_state_dict(torch.load(path, weights_only=True), strict=False, assign=True)
    inputs = normalize(images / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    with torch.inference_mode():
        expected = network.features(inputs).mean((2, 3))
        found = extractor.extract(images).features
        of_grey = extractor.extract(images[:, :1, :20, :20]).features
    assert expected.shape == (2, extractor.card.feature_dim)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    assert of_grey.shape == expected.shape


def test_another_networks_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"features.0.weight": torch.zeros(3)}, path)
    with pytest.raises(UnavailableError, match=r"other\.pth is not VGG-16"):
        load_convolutions(path)
