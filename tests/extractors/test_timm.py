"""``timm:NAME`` takes any of timm's models, under the convention that timm states for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from regene_bench_plugins.extractors.timm_models import Timm
from safetensors.torch import save_file
from timm.data import create_transform, resolve_data_config
from torch import Tensor, nn

from regene_bench.base.errors import ConfigError, RegeneBenchError, UnavailableError, UsageError
from regene_bench.plugins.host import load_plugins
from tests.methods.builders import make_data, make_runtime

MODEL = "test_resnet"


@pytest.fixture(autouse=True)
def _as_the_shelf_does() -> Iterator[None]:
    with torch.inference_mode():
        yield


def random_model(name: str = MODEL, **settings: object) -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model(name, **settings).eval()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The whole model's weights, with its classifier, as published files have them."""
    path = tmp_path / "weights.safetensors"
    save_file(random_model().state_dict(), path)
    return path


def prepared(name: str, folder: Path, **options: object) -> Timm:
    extractor = load_plugins().find("feature_extractor", name).load()(options)
    extractor.prepare(make_data(), make_runtime(folder))
    assert isinstance(extractor, Timm)
    return extractor


def picture(side: int) -> Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(0, 256, (1, 3, side, side), dtype=np.uint8))


def test_features_are_what_timm_computes_before_its_classifier(
    weights: Path, tmp_path: Path
) -> None:
    extractor = prepared(f"timm:{MODEL}", tmp_path, weights=str(weights))
    model = random_model()
    stated = resolve_data_config({}, model=model)
    # timm's own evaluation crops; without the crop, and at the right size, both do the same
    transform = create_transform(**(stated | {"crop_pct": 1.0}), is_training=False)
    image = picture(stated["input_size"][1])
    inputs = transform(Image.fromarray(image[0].movedim(0, -1).numpy()))[None]
    expected = model.forward_head(model.forward_features(inputs), pre_logits=True)
    found = extractor.extract(image)
    assert found.logits is None
    assert found.features.dtype == torch.float32
    torch.testing.assert_close(found.features, expected, rtol=1e-4, atol=1e-5)


def test_the_card_states_the_models_own_convention(weights: Path, tmp_path: Path) -> None:
    card = prepared(f"timm:{MODEL}", tmp_path, weights=str(weights)).card
    assert card.id == "timm:test_resnet"
    assert (card.input_size, card.feature_dim) == (160, 96)
    assert card.preprocess_id == "bilinear160-whole-mean0.5,0.5,0.5-std0.5,0.5,0.5"
    assert card.value_range == (-1.0, 1.0)
    assert len(card.weights_sha256) == 64


def test_the_hash_is_that_of_the_weights(weights: Path, tmp_path: Path) -> None:
    def sha256() -> str:
        return prepared(f"timm:{MODEL}", tmp_path, weights=str(weights)).card.weights_sha256

    state = random_model().state_dict()
    first = sha256()
    assert sha256() == first
    state["conv1.0.weight"][0, 0, 0, 0] += 1
    save_file(state, weights)
    assert sha256() != first


def test_any_image_size_and_grey_images_are_taken(weights: Path, tmp_path: Path) -> None:
    extractor = prepared(f"timm:{MODEL}", tmp_path, weights=str(weights))
    grey = picture(8)[:, :1]
    colour = grey.repeat(1, 3, 1, 1)
    torch.testing.assert_close(extractor.extract(grey).features, extractor.extract(colour).features)


def test_a_file_of_another_model_is_refused(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="does not hold the weights of timm's test_vit"):
        prepared("timm:test_vit", tmp_path, weights=str(weights))


@pytest.mark.parametrize("name", ["nowhere.safetensors", "pickled.pth"])
def test_only_a_safetensors_file_that_is_there_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "pickled.pth").write_bytes(b"")
    with pytest.raises(UnavailableError, match="not a safetensors file") as caught:
        prepared(f"timm:{MODEL}", tmp_path, weights=str(tmp_path / name))
    assert "`weights`" in caught.value.hint


def test_offline_it_is_unavailable_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    with pytest.raises(UnavailableError, match="cannot be fetched") as caught:
        prepared("timm:resnet18.a1_in1k", tmp_path)
    assert "https://huggingface.co/timm/resnet18.a1_in1k" in caught.value.hint
    assert "`weights`" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("timm:resnet81", "no model 'resnet81'", "Did you mean 'resnet"),
        ("timm:resnet18.a1_in2k", "no weights 'a1_in2k' for resnet18", "Did you mean 'a1_in1k'?"),
    ],
)
def test_a_wrong_model_name_gets_the_nearest_one(name: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_plugins().find("feature_extractor", name).load()
    assert hint in caught.value.hint


def test_the_bare_name_asks_for_a_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a model"):
        prepared("timm", tmp_path)


def test_unknown_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="wieghts"):
        prepared(f"timm:{MODEL}", tmp_path, wieghts="x")


def test_the_entry_is_found_by_its_full_name_too() -> None:
    host = load_plugins()
    entry = host.find("feature_extractor", "timm:test_vit")
    assert (entry.name, entry.distribution) == ("timm:test_vit", "regene-bench")
    assert host.find("feature_extractor", "regene-bench:timm:test_vit") == entry
    assert host.find("feature_extractor", "regene-bench:timm").name == "timm"
    assert entry not in host.entries("feature_extractor")


def test_extractors_without_an_argument_take_none() -> None:
    host = load_plugins()
    with pytest.raises(UsageError, match="'inception' takes nothing behind a colon"):
        host.find("feature_extractor", "inception:v3").load()
    for kind, name in (("feature_extractor", "tim:resnet18"), ("method", "real:x")):
        with pytest.raises(RegeneBenchError, match="There is no"):
            host.find(kind, name)
