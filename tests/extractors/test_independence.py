"""What holds of every extractor: no image's features depend on its neighbours, nor on the day."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import timm
import torch
from regene_bench_plugins.extractors.inception import Inception
from regene_bench_plugins.extractors.neutral_classifier import NeutralClassifier
from regene_bench_plugins.extractors.timm_models import Timm
from regene_bench_plugins.extractors.vgg16 import VGG16
from safetensors.torch import save_file
from torch import Tensor

from regene_bench.evaluation.extractor import FeatureExtractor
from tests.extractors.random_inception import (
    published_in_place_of,
    random_inception,
    save_script,
)
from tests.extractors.random_vgg16 import save_vgg16, vgg16_in_place_of
from tests.first_party import entries
from tests.methods.builders import make_data, make_runtime

# More than any extractor takes at a time on a CPU, and no multiple of it.
N = 11
TOLERANCE = 1e-5


@pytest.fixture(autouse=True)
def _as_the_shelf_does() -> Iterator[None]:
    with torch.inference_mode():
        yield


SLOW = {"inception", "vgg16"}
# a network of 1.2 GB: tests/extractors/test_dinov2.py looks at the smallest of its family instead
NOT_HERE = {"dinov2"}
EXTRACTORS = [e.name for e in entries("feature_extractor") if e.name not in NOT_HERE]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in EXTRACTORS
    ],
)
def extractor(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FeatureExtractor]:
    folder = tmp_path_factory.mktemp("extractor")
    runtime = make_runtime(folder / "checkpoints")
    found: FeatureExtractor
    if request.param == "inception":
        with published_in_place_of(save_script(random_inception(), folder / "weights")):
            found = Inception({})
            found.prepare(make_data(), runtime)
            yield found
        return
    if request.param == "vgg16":
        with vgg16_in_place_of(save_vgg16(folder / "weights")):
            found = VGG16({})
            found.prepare(make_data(), runtime)
            yield found
        return
    if request.param == "timm":
        torch.manual_seed(0)
        save_file(timm.create_model("test_resnet").state_dict(), folder / "x.safetensors")
        found = Timm.named("test_resnet")({"weights": str(folder / "x.safetensors")})
    elif request.param == "neutral":
        found = NeutralClassifier({"epochs": 1.0, "depth": 8})
    else:
        (entry,) = (e for e in entries("feature_extractor") if e.name == request.param)
        found = entry.load()({})
    found.prepare(make_data(), runtime)
    yield found


def images() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    brightness = torch.rand(N, 1, 1, 1, generator=generator)
    noise = torch.rand(N, 1, 8, 8, generator=generator)
    return (255 * brightness * noise).to(torch.uint8)


def error(found: Tensor, expected: Tensor) -> float:
    """The largest difference of one image's features, relative to their length."""
    return float(((found - expected).norm(dim=1) / expected.norm(dim=1)).max())


def test_the_batch_size_does_not_matter(extractor: FeatureExtractor) -> None:
    whole = extractor.extract(images())
    alone = [extractor.extract(image[None]) for image in images()]
    assert error(torch.cat([one.features for one in alone]), whole.features) < TOLERANCE
    if whole.logits is not None:
        logits = [one.logits for one in alone if one.logits is not None]
        assert error(torch.cat(logits), whole.logits) < TOLERANCE


def test_neighbours_and_order_do_not_matter(extractor: FeatureExtractor) -> None:
    order = torch.randperm(N, generator=torch.Generator().manual_seed(1))
    straight = extractor.extract(images()).features
    assert error(extractor.extract(images()[order]).features, straight[order]) < TOLERANCE
    others = images()
    others[1:] = 255 - others[1:]
    assert error(extractor.extract(others).features[:1], straight[:1]) < TOLERANCE


def test_twice_the_same_images_give_the_same_bits(extractor: FeatureExtractor) -> None:
    first, again = (extractor.extract(images()) for _ in range(2))
    assert torch.equal(first.features, again.features)
    assert (first.logits is None) == (again.logits is None)
    if first.logits is not None and again.logits is not None:
        assert torch.equal(first.logits, again.logits)


def test_different_images_have_different_features(extractor: FeatureExtractor) -> None:
    features = extractor.extract(images()).features
    distances = torch.pdist(features.double()) / features.norm(dim=1).mean()
    assert float(distances.min()) > 10 * TOLERANCE


def test_surrounding_precision_does_not_matter(extractor: FeatureExtractor) -> None:
    expected = extractor.extract(images()[:2]).features
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = extractor.extract(images()[:2]).features
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
    assert torch.equal(found, expected)


def test_the_card_describes_the_features(extractor: FeatureExtractor) -> None:
    found = extractor.extract(images()[:2])
    assert found.features.shape == (2, extractor.card.feature_dim)
    assert found.features.dtype == torch.float32
    assert extractor.card.dtype == "float32"
    assert torch.isfinite(found.features).all()
