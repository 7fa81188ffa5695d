"""DINOv2 at 224 pixels: its authors' position embeddings, on timm's network and weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from regene_bench_plugins.extractors.dinov2 import DinoV2, resample_positions
from safetensors.torch import save_file

from regene_bench.base.errors import UnavailableError
from tests.methods.builders import make_data, make_runtime

TRAINED, SIDE = 37, 16


class Small(DinoV2):
    """The smallest of the family: the same code in a tenth of the time."""

    model = "vit_small_patch14_dinov2.lvd142m"


def test_positions_are_sampled_where_the_authors_code_samples_them() -> None:
    # of a ramp, the values tell the places that they were taken from, to the cubic kernel's error
    ramp = torch.arange(TRAINED, dtype=torch.float32).expand(TRAINED, TRAINED)
    found = resample_positions(ramp.reshape(1, -1, 1), SIDE).reshape(SIDE, SIDE)
    centres = torch.arange(SIDE) + 0.5
    places = centres * TRAINED / (SIDE + 0.1) - 0.5
    without_offset = centres * TRAINED / SIDE - 0.5
    assert float((found[0] - places)[1:-1].abs().max()) < 0.06
    assert float((found[0] - without_offset)[1:-1].abs().max()) > 0.15
    torch.testing.assert_close(found[0], found[7])


@pytest.mark.slow
def test_features_are_the_class_token_of_the_resampled_network(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = timm.create_model("vit_small_patch14_dinov2").eval()
    torch.nn.init.normal_(model.pos_embed)
    for block in model.blocks:  # it starts almost as the identity, which would hide the positions
        torch.nn.init.ones_(block.ls1.gamma)
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    extractor = Small({"weights": str(tmp_path / "weights.safetensors")})
    extractor.prepare(make_data(), make_runtime(tmp_path))
    images = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)

    grid = resample_positions(model.pos_embed[:, 1:].detach(), SIDE)
    model.set_input_size(224)
    with torch.inference_mode():
        timms = model(torch.zeros(1, 3, 224, 224))
        model.pos_embed.copy_(torch.cat([model.pos_embed[:, :1], grid], dim=1))
        authors = model(torch.zeros(1, 3, 224, 224))
        assert float((timms - authors).norm() / authors.norm()) > 1e-3
        found = extractor.extract(images).features
        expected = model.forward_features(_inputs(images))[:, 0]
    card = extractor.card
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert (card.id, card.input_size, card.feature_dim) == ("dinov2", 224, 384)
    assert card.preprocess_id.startswith("vit_small_patch14_dinov2-hubpositions-bicubic224-whole")


def _inputs(images: torch.Tensor) -> torch.Tensor:
    from regene_bench_plugins.extractors.preprocess import bicubic_square

    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    return (bicubic_square(images, 224) / 255 - mean) / std


def test_the_variant_is_that_of_dgm_eval() -> None:
    assert DinoV2.model == "vit_large_patch14_dinov2.lvd142m"


def test_offline_it_is_unavailable_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    with pytest.raises(UnavailableError) as caught:
        DinoV2({}).prepare(make_data(), make_runtime(tmp_path))
    assert "https://huggingface.co/timm/vit_large_patch14_dinov2.lvd142m" in caught.value.hint
