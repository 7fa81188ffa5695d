"""All GANs: steps, noise, labels, divergence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from regene_bench_plugins.methods.gan.config import GANConfig
from regene_bench_plugins.methods.gan.losses import NonSaturating
from regene_bench_plugins.methods.gan.noise import Normal
from regene_bench_plugins.methods.gan.training import (
    GANSetup,
    linear_decay,
    prepare_state,
    train_gan,
    training_stage,
)
from regene_bench_plugins.networks.conditioning import CodeOnly, ImageOnly
from regene_bench_plugins.networks.heads import DiscriminatorOutput, LinearHead
from regene_bench_plugins.networks.strided import (
    Discriminator,
    StridedFeatures,
    TransposedGenerator,
)
from torch import Tensor

from regene_bench.api import Batch, BenchmarkData, Clock, SampleRng, TrainingDivergedError
from regene_bench.base.events import Progress

from ..builders import CONDITIONAL_GANS, fit, make_data, make_runtime


def sorted_labels(n_classes: int, each: int) -> Tensor:
    return torch.arange(n_classes).repeat_interleave(each)


class Counting(NonSaturating):
    """Counts its uses and the images it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.of_discriminator: list[int] = []
        self.of_generator: list[int] = []

    def discriminator(
        self, real: DiscriminatorOutput, fake: DiscriminatorOutput, labels: Tensor
    ) -> Tensor:
        self.of_discriminator.append(len(real.scores))
        return super().discriminator(real, fake, labels)

    def generator(self, fake: DiscriminatorOutput, labels: Tensor) -> Tensor:
        self.of_generator.append(len(fake.scores))
        return super().generator(fake, labels)


@pytest.mark.parametrize("steps", [1, 3])
def test_the_discriminator_takes_its_steps_for_one_of_the_generator(
    steps: int, stripes: BenchmarkData, tmp_path: Path
) -> None:
    loss, shape = Counting(), stripes.shape
    features = StridedFeatures(shape, (4,))
    setup = GANSetup(
        generator=TransposedGenerator(shape, CodeOnly(2), (4,)),
        discriminator=Discriminator(ImageOnly(), features, LinearHead(features.size)),
        loss=loss,
        noise=Normal(2),
        schedule=linear_decay,
    )
    config = GANConfig(images=10 * 4 * steps, batch_size=10, discriminator_steps=steps)
    train_gan("counted", setup, config, stripes, make_runtime(tmp_path))
    assert loss.of_discriminator == [10] * 4 * steps
    assert loss.of_generator == [10] * 4


class Recorded(CodeOnly):
    """Keeps the noise that it is shown."""

    def __init__(self, noise_dim: int) -> None:
        super().__init__(noise_dim)
        self.seen: list[Tensor] = []

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        self.seen.append(noise)
        return super().forward(noise, labels)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_fresh_batch_of_the_generator_has_noise_that_no_discriminator_saw(
    fresh: bool, stripes: BenchmarkData, tmp_path: Path
) -> None:
    entrance, shape = Recorded(2), stripes.shape
    features = StridedFeatures(shape, (4,))
    setup = GANSetup(
        generator=TransposedGenerator(shape, entrance, (4,)),
        discriminator=Discriminator(ImageOnly(), features, LinearHead(features.size)),
        loss=NonSaturating(),
        noise=Normal(2),
        fresh=fresh,
    )
    config = GANConfig(images=10 * 2, batch_size=10, discriminator_steps=2, average=0)
    state = prepare_state(setup, config, torch.device("cpu"))
    stage = training_stage("g", state, config, len(stripes.train), make_runtime(tmp_path))
    labels = stripes.train.labels[:20]
    batch = Batch(stripes.train.batch(torch.arange(20)), labels, Clock(0, 0, 0.0, 0.0))
    stage.step(batch)
    assert len(entrance.seen) == 2 + fresh
    assert len(torch.unique(torch.cat(entrance.seen), dim=0)) == 10 * (2 + fresh)


def test_linear_decay_falls_to_nothing() -> None:
    assert [linear_decay(Clock(0, 0, 0.0, at)) for at in (0.0, 0.25, 1.0)] == [1, 0.75, 0]


@pytest.mark.parametrize("name", CONDITIONAL_GANS)
def test_without_noise_a_class_has_one_image(
    name: str, stripes: BenchmarkData, tmp_path: Path
) -> None:
    model = fit(name, stripes, make_runtime(tmp_path), noise_dim=0, images=64)
    generation = model.generate(sorted_labels(3, 20), SampleRng(0))
    assert len(torch.unique(generation.images.flatten(1), dim=0)) == 3
    assert generation.latents is None
    assert generation.labelled


@pytest.mark.parametrize("name", [*CONDITIONAL_GANS, "ugan"])
def test_without_labels_samples_have_no_class(
    name: str, stripes: BenchmarkData, tmp_path: Path
) -> None:
    model = fit(name, stripes, make_runtime(tmp_path), conditional=False, images=64)
    first = model.generate(sorted_labels(3, 4), SampleRng(0))
    other = model.generate(sorted_labels(3, 4).flip(0), SampleRng(0))
    assert torch.equal(first.images, other.images)
    assert len(torch.unique(first.images.flatten(1), dim=0)) == 12
    assert not first.labelled


def test_the_label_may_be_one_number_beside_the_noise(
    stripes: BenchmarkData, tmp_path: Path
) -> None:
    model = fit("cgan", stripes, make_runtime(tmp_path), label="number", noise_dim=0, images=64)
    images = model.generate(sorted_labels(3, 2), SampleRng(0)).images
    assert len(torch.unique(images.flatten(1), dim=0)) == 3


@pytest.mark.parametrize("network", ["residual", "strided"])
@pytest.mark.parametrize("name", ["wgan_gp", "sngan"])
@pytest.mark.parametrize("size", [(1, 28, 28), (3, 64, 64)], ids=str)
def test_both_kinds_of_networks_train(
    name: str, network: str, size: tuple[int, int, int], tmp_path: Path
) -> None:
    data = make_data(*size, n_classes=2, per_class=12)
    model = fit(name, data, make_runtime(tmp_path), network=network, images=32)
    assert model.generate(torch.tensor([0, 1]), SampleRng(0)).images.shape == (2, *size)


@pytest.mark.parametrize("name", [name for name in CONDITIONAL_GANS if name != "sngan"])
def test_a_diverging_gan_says_which_network_and_when(
    name: str, stripes: BenchmarkData, tmp_path: Path
) -> None:
    rates = {"generator_learning_rate": 10.0, "discriminator_learning_rate": 10.0}
    with pytest.raises(TrainingDivergedError) as caught:
        fit(name, stripes, make_runtime(tmp_path), images=4_800, **rates)
    message = str(caught.value)
    assert f"{name} diverged at step " in message
    assert "discriminator = " in message or "generator = " in message
    assert "lower learning rate" in message


def test_spectral_norm_bounds_the_losses_at_any_rate(
    stripes: BenchmarkData, tmp_path: Path
) -> None:
    rates = {"generator_learning_rate": 10.0, "discriminator_learning_rate": 10.0}
    model = fit("sngan", stripes, make_runtime(tmp_path), **rates)
    assert torch.isfinite(model.generate(sorted_labels(3, 2), SampleRng(0)).images).all()


def test_gans_learn_where_the_stripe_of_a_class_is(stripes: BenchmarkData, tmp_path: Path) -> None:
    model = fit(
        "cgan",
        stripes,
        make_runtime(tmp_path),
        images=8_000,
        width=16,
        discriminator_width=16,
        generator_learning_rate=1e-3,
        discriminator_learning_rate=1e-3,
        average=0.9,
    )
    labels = sorted_labels(3, 20)
    columns = model.generate(labels, SampleRng(0)).images.mean(dim=(1, 2))
    places = torch.stack([columns[:, 0], columns[:, 2], columns[:, 5]], dim=1)
    assert (places.argmax(dim=1) == labels).float().mean() > 0.9


@pytest.mark.parametrize(("scale", "shrunk"), [(1e-6, True), (1.0, False)])
def test_the_scale_of_features_shrinks_the_scores_of_sngan(
    scale: float, shrunk: bool, stripes: BenchmarkData, tmp_path: Path
) -> None:
    """Where features are next to nothing, all scores are alike, and the hinge loss is 2."""
    losses: list[float] = []

    def listen(event: object) -> None:
        if isinstance(event, Progress):
            losses.append(event.values["discriminator"])

    runtime = replace(make_runtime(tmp_path), emit=listen)
    fit("sngan", stripes, runtime, feature_scale=scale, images=64)
    assert losses
    assert (abs(losses[0] - 2) < 1e-3) == shrunk
