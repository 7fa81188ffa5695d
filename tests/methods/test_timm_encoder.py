from __future__ import annotations

from pathlib import Path

import pytest
import torch
from regene_bench_plugins.networks.timm_encoder import TimmEncoder
from safetensors.torch import save_file

from regene_bench.api import ConfigError, ImageShape, SampleRng, UnavailableError, to_float

from .builders import fit, make_data, make_runtime

SMALL = "test_resnet"  # timm's own network for tests


@pytest.mark.parametrize("size", [(1, 8, 8), (1, 28, 28), (3, 32, 24), (3, 96, 96)], ids=str)
@pytest.mark.parametrize("model", [SMALL, "densenet121", "test_vit"])
def test_images_of_any_size_have_latents(model: str, size: tuple[int, int, int]) -> None:
    encoder = TimmEncoder(model, ImageShape(*size, n_classes=2)).eval()
    with torch.no_grad():
        (features,) = encoder.block_features(torch.rand(2, *size))
        latents = encoder.pooled(features)
    assert latents.shape == (2, encoder.latent_dim)
    assert torch.isfinite(latents).all()


def test_densenet_has_the_latents_of_its_pooling() -> None:
    encoder = TimmEncoder("densenet121", ImageShape(3, 32, 32, 10))
    assert encoder.latent_dim == 1024
    (features,) = encoder.block_features(torch.rand(2, 3, 32, 32))
    assert features.shape == (2, 1024, 2, 2)
    assert torch.allclose(encoder.pooled(features), features.mean((2, 3)), atol=1e-6)


def test_weights_come_from_a_file(tmp_path: Path) -> None:
    import timm

    shape = ImageShape(3, 64, 64, 2)
    network = timm.create_model(SMALL, pretrained=False).eval()
    save_file(network.state_dict(), tmp_path / "w.safetensors")
    encoder = TimmEncoder(SMALL, shape, str(tmp_path / "w.safetensors")).eval()
    own, saved = encoder.network.state_dict(), network.state_dict()
    assert own
    assert all(torch.equal(value, saved[name]) for name, value in own.items())
    assert all(parameter.requires_grad for parameter in encoder.parameters())


def test_images_that_are_no_pictures_are_refused() -> None:
    with pytest.raises(ConfigError, match="encoder=conv"):
        TimmEncoder(SMALL, ImageShape(2, 32, 32, 2))


@pytest.mark.parametrize("perceptual", ["classifier", "efficientnet_lite0"])
def test_regene_generates_from_a_timm_classifier(perceptual: str, tmp_path: Path) -> None:
    data = make_data()
    model = fit(
        "regene",
        data,
        make_runtime(tmp_path),
        encoder=f"timm:{SMALL}",
        perceptual=perceptual,
        threshold="none",
    )
    latents = model.encode(to_float(data.test.images))
    assert latents.shape == (len(data.test), model._classifier.encoder.latent_dim)
    logits = model.classify(to_float(data.test.images))
    assert torch.allclose(model._classifier.head(latents), logits, atol=1e-4)
    generation = model.generate(torch.tensor([0, 1, 2]), SampleRng(0))
    assert generation.images.shape == (3, 1, 8, 8)
    # Lemma 1 holds for any encoder with a linear head
    assert generation.trials["latent"].tolist() == [1, 1, 1]


def test_a_missing_file_of_weights_names_the_methods_option() -> None:
    with pytest.raises(UnavailableError, match="`encoder_weights`") as caught:
        TimmEncoder(SMALL, ImageShape(3, 64, 64, 2), "foo.pth")
    assert "extractor" not in str(caught.value)
