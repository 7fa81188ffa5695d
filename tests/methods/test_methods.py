from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch

from regene_bench.api import BenchmarkData, DeviceImages, MethodError, SampleRng, to_float
from regene_bench.training.capabilities import has_capability

from .builders import CONDITIONAL_GANS, METHODS, TRAINED, fit, make_data, make_runtime

AUTOENCODING = (
    "cvae", "ccvae", "ccapscvae", "vae", "cv_vae", "wae", "rae_sn", "lvpga", "two_stage_vae",
    "vqvae",
)  # fmt: skip
# narrow linear layers (of a second stage, of noise) add up in another order at another place in the
# batch: by the last bit
ROUNDED = dict.fromkeys(("two_stage_vae", "nsgan", "lsgan", "began"), 1e-06)
CAPABILITIES = {
    "real": {"generate"},
    "pipeline": {"generate"},
    "autoencoder": {"encode", "decode", "generate"},
    "regene": {"encode", "decode", "generate", "classify"},
    **{name: {"encode", "decode", "generate"} for name in AUTOENCODING},
    "ugan": {"generate"},
    **{name: {"generate"} for name in ("edm", "flow_matching")},
    **{name: {"generate"} for name in CONDITIONAL_GANS},
}


def sorted_labels(n_classes: int, each: int) -> torch.Tensor:
    return torch.arange(n_classes).repeat_interleave(each)


def in_batches(model: Any, labels: torch.Tensor, size: int) -> tuple[torch.Tensor, list[Any]]:
    parts = [
        model.generate(labels[start : start + size], SampleRng(3, start))
        for start in range(0, len(labels), size)
    ]
    return torch.cat([part.images for part in parts]), parts


@pytest.mark.parametrize("name", METHODS)
def test_capabilities(models: Mapping[str, Any], name: str) -> None:
    names = ("encode", "decode", "generate", "classify")
    assert {c for c in names if has_capability(models[name], c)} == CAPABILITIES[name]


@pytest.mark.parametrize("name", METHODS)
def test_samples_do_not_depend_on_the_batch_size(models: Mapping[str, Any], name: str) -> None:
    labels = sorted_labels(3, 22)
    one, of_one = in_batches(models[name], labels, 1)
    for size in (7, 64):
        images, parts = in_batches(models[name], labels, size)
        torch.testing.assert_close(images, one, rtol=0, atol=ROUNDED.get(name, 0.0))
        for kind in parts[0].trials or ():
            expected = torch.cat([part.trials[kind] for part in of_one])
            assert torch.equal(torch.cat([part.trials[kind] for part in parts]), expected)


@pytest.mark.parametrize("name", METHODS)
def test_another_sampling_seed_gives_other_samples(models: Mapping[str, Any], name: str) -> None:
    labels = sorted_labels(3, 4)
    first = models[name].generate(labels, SampleRng(0)).images
    assert torch.equal(first, models[name].generate(labels, SampleRng(0)).images)
    assert not torch.equal(first, models[name].generate(labels, SampleRng(1)).images)


@pytest.mark.parametrize("name", TRAINED)
def test_the_same_seed_gives_the_same_model(
    stripes: BenchmarkData, models: Mapping[str, Any], name: str, tmp_path: Path
) -> None:
    labels = sorted_labels(3, 4)
    expected = models[name].generate(labels, SampleRng(0)).images
    torch.manual_seed(123)
    again = fit(name, stripes, make_runtime(tmp_path / "a"))
    assert torch.equal(again.generate(labels, SampleRng(0)).images, expected)
    other = fit(name, stripes, make_runtime(tmp_path / "b", seed=1))
    assert not torch.equal(other.generate(labels, SampleRng(0)).images, expected)


@pytest.mark.parametrize(
    "size", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 64), (3, 24, 40)], ids=str
)
@pytest.mark.parametrize("name", TRAINED)
def test_shapes_and_ranges(name: str, size: tuple[int, int, int], tmp_path: Path) -> None:
    data = make_data(*size, n_classes=2, per_class=12)
    lengths = {"regene": {"classifier_images": 320, "decoder_images": 64, "max_trials": 1}}
    changes = lengths.get(name, {"images": 32})
    model = fit(name, data, make_runtime(tmp_path, precision="bfloat16"), **changes)
    if name == "regene":
        with torch.inference_mode():
            model.thresholds.zero_()  # after a few steps no decoded image convinces
    generation = model.generate(torch.tensor([0, 0, 1]), SampleRng(0))
    assert generation.images.shape == (3, *size)
    assert generation.images.dtype == torch.float32
    assert generation.images.min() >= 0
    assert generation.images.max() <= 1
    if has_capability(model, "encode"):
        latents = model.encode(to_float(data.test.images))
        assert latents.dtype == torch.float32
        assert latents.ndim == 2
        assert model.decode(latents).shape == data.test.images.shape
    if has_capability(model, "classify"):
        assert model.classify(to_float(data.test.images)).shape == (len(data.test), 2)


def test_regene_thresholds_are_mean_test_confidences(
    stripes: BenchmarkData, models: Mapping[str, Any]
) -> None:
    model = models["regene"]
    probabilities = model.classify(to_float(stripes.test.images)).double().softmax(1)
    for label in range(3):
        mean = probabilities[stripes.test.labels == label, label].mean()
        assert float(model.thresholds[label]) == pytest.approx(float(mean), abs=1e-6)


def test_regene_samples_are_what_the_judge_would_accept(models: Mapping[str, Any]) -> None:
    model, labels = models["regene"], sorted_labels(3, 10)
    generation = model.generate(labels, SampleRng(0))
    confidences = model.classify(generation.images).softmax(1)
    chosen = confidences[torch.arange(len(labels)), labels]
    assert (chosen >= model.thresholds[labels]).all()
    assert torch.equal(model.decode(generation.latents), generation.images)
    assert (generation.trials["latent"] >= 1).all()
    assert (generation.trials["image"] >= generation.trials["latent"]).all()


def test_regene_names_the_class_that_never_reaches_its_threshold(
    stripes: BenchmarkData, tmp_path: Path
) -> None:
    model = fit("regene", stripes, make_runtime(tmp_path), max_trials=5)
    with torch.inference_mode():
        model.thresholds[1] = 1.1
    with pytest.raises(MethodError, match=r"in 5 trials for class 'stripe 1' .*1\.1000"):
        model.generate(torch.tensor([0, 1]), SampleRng(0))


@pytest.mark.parametrize("name", ["autoencoder", "regene"])
def test_more_combined_than_a_class_has_is_refused(name: str, tmp_path: Path) -> None:
    data = make_data(per_class=6)
    with pytest.raises(MethodError, match="combinations of 7 need at least 7"):
        fit(name, data, make_runtime(tmp_path), n_combined=7)


@pytest.mark.parametrize("name", ["autoencoder", "regene"])
def test_a_finished_training_encodes_the_training_split_only_to_generate(
    name: str, stripes: BenchmarkData, models: Mapping[str, Any], tmp_path: Path
) -> None:
    """Figures open finished runs to encode and decode a few images: that must not take a minute."""

    class Unread(DeviceImages):
        def chunks(self, size: int) -> NoReturn:
            raise AssertionError("the training split is read")

    fit(name, stripes, make_runtime(tmp_path))
    train = Unread(stripes.train.images, stripes.train.labels)
    again = fit(name, replace(stripes, train=train), make_runtime(tmp_path))
    images = to_float(stripes.test.images[:4])
    assert torch.equal(again.encode(images), models[name].encode(images))
    with pytest.raises(AssertionError, match="the training split is read"):
        again.generate(torch.tensor([0, 1]), SampleRng(0))


def test_real_returns_each_held_out_image_once(
    stripes: BenchmarkData, models: Mapping[str, Any]
) -> None:
    labels = sorted_labels(3, 20)
    images, _ = in_batches(models["real"], labels, 9)
    pixels = {tuple(row) for row in to_float(stripes.test.images).flatten(1).tolist()}
    drawn = [tuple(row) for row in images.flatten(1).tolist()]
    assert set(drawn) == pixels
    for label in range(3):
        own = to_float(stripes.test.images[stripes.test.labels == label]).flatten(1).tolist()
        assert set(drawn[20 * label : 20 * label + 20]) == {tuple(row) for row in own}


def test_training_learns_the_stripes(stripes: BenchmarkData, models: Mapping[str, Any]) -> None:
    images, labels = to_float(stripes.test.images), stripes.test.labels
    assert (models["regene"].classify(images).argmax(1) == labels).float().mean() > 0.95
    for name in ("autoencoder", "regene"):
        model = models[name]
        error = (model.decode(model.encode(images)) - images).abs().mean()
        assert error < 0.2
