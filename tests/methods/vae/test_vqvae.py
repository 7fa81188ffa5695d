"""A VQ-VAE encodes to its codebook, samples by index, and learns what a class looks like."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from regene_bench_plugins.methods.vae.vq_networks import halvings_for
from regene_bench_plugins.methods.vae.vq_training import pixel_variance
from regene_bench_plugins.methods.vae.vqvae import VQVAE, VQVAEConfig, VQVAEModel
from torch import Tensor

from regene_bench.api import BenchmarkData, DeviceImages, Quantiser, SampleRng, to_float

from ..builders import make_data, make_runtime

TINY = VQVAEConfig(
    images=640,
    batch_size=16,
    n_codes=8,
    code_dim=4,
    width=8,
    learning_rate=5e-3,
    prior_width=16,
    prior_layers=1,
    prior_heads=2,
    prior_dropout=0.0,
    prior_images=1_280,
    prior_batch_size=16,
    prior_learning_rate=1e-2,
)


@pytest.fixture(scope="module")
def stripes() -> BenchmarkData:
    return make_data()


@pytest.fixture(scope="module")
def model(stripes: BenchmarkData, tmp_path_factory: pytest.TempPathFactory) -> VQVAEModel:
    return VQVAE(TINY).fit(stripes, make_runtime(tmp_path_factory.mktemp("vqvae")))


def sorted_labels(each: int) -> Tensor:
    return torch.arange(3).repeat_interleave(each)


def test_latents_are_vectors_of_the_codebook(model: VQVAEModel, stripes: BenchmarkData) -> None:
    images = to_float(stripes.test.images[:9])
    codes = model.codes(images)
    assert isinstance(model, Quantiser)
    assert codes.shape == (9, 16)
    assert 0 <= int(codes.min()) <= int(codes.max()) < model.n_codes == 8
    vectors = model.encode(images).view(-1, 4)
    # equal codes have equal vectors, and others have others
    assert len(vectors.unique(dim=0)) == len(codes.unique())
    generated = model.generate(sorted_labels(3), SampleRng(0))
    assert generated.latents is not None
    assert torch.equal(model.decode(generated.latents), generated.images)
    known = model.encode(to_float(stripes.train.images)).view(-1, 4).unique(dim=0)
    assert len(torch.cat([known, generated.latents.view(-1, 4)]).unique(dim=0)) <= 8


def test_sample_i_is_sample_i_in_any_batch(model: VQVAEModel) -> None:
    labels = sorted_labels(15)
    whole = model.generate(labels, SampleRng(3)).images
    for size in (1, 7):
        parts = [
            model.generate(labels[start : start + size], SampleRng(3, start)).images
            for start in range(0, len(labels), size)
        ]
        assert torch.equal(torch.cat(parts), whole)


def test_samples_are_of_their_class(model: VQVAEModel) -> None:
    labels = sorted_labels(30)
    columns = model.generate(labels, SampleRng(0)).images.mean(dim=(1, 2))
    places = torch.stack([columns[:, 0], columns[:, 2], columns[:, 5]], dim=1)
    assert (places.argmax(dim=1) == labels).float().mean() > 0.8


def test_reconstructions_are_nearer_than_the_mean_image(
    model: VQVAEModel, stripes: BenchmarkData
) -> None:
    images = to_float(stripes.test.images)
    error = (model.decode(model.encode(images)) - images).square().mean()
    assert float(error) < 0.8 * float((images - images.mean(0)).square().mean())


def test_training_twice_gives_the_same_model(
    stripes: BenchmarkData, model: VQVAEModel, tmp_path: Path
) -> None:
    again = VQVAE(TINY).fit(stripes, make_runtime(tmp_path))
    labels = sorted_labels(4)
    expected = model.generate(labels, SampleRng(0)).images
    assert torch.equal(again.generate(labels, SampleRng(0)).images, expected)


@pytest.mark.parametrize(
    ("size", "largest", "halvings"),
    [((8, 8), 8, 1), ((28, 28), 8, 2), ((28, 28), 4, 3), ((32, 32), 8, 2), ((64, 64), 8, 3)],
)
def test_maps_are_small_enough_to_draw_code_by_code(
    size: tuple[int, int], largest: int, halvings: int
) -> None:
    assert halvings_for(*size, largest) == halvings


def test_a_mean_image_costs_one_and_a_constant_set_is_no_division_by_zero() -> None:
    grey = torch.full((4, 1, 2, 2), 7, dtype=torch.uint8)
    labels = torch.zeros(4, dtype=torch.int64)
    assert pixel_variance(DeviceImages(grey, labels)) == pytest.approx(255**-2)
    grey[::2] = 107
    assert pixel_variance(DeviceImages(grey, labels)) == pytest.approx((50 / 255) ** 2)


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match="prior_heads must divide"):
        VQVAEConfig(prior_width=10, prior_heads=4)
