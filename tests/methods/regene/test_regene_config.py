from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from regene_bench_plugins.methods.autoencoder import AutoencoderConfig
from regene_bench_plugins.methods.regene.classifier_losses import CLASSIFIER_LOSSES
from regene_bench_plugins.methods.regene.config import DecoderStage, stage_at
from regene_bench_plugins.methods.regene.encoder_decoder import EncoderDecoderConfig
from regene_bench_plugins.methods.regene.regene import ReGene, ReGeneConfig
from regene_bench_plugins.methods.regene.training import build_networks, decoder_stage

from regene_bench.api import (
    BenchmarkData,
    Clock,
    ConfigError,
    DeviceImages,
    ImageShape,
    Preset,
    SampleRng,
    to_float,
    validate,
)

from ..builders import fit, make_data, make_runtime

MNIST = ImageShape(1, 28, 28, 10)
CIFAR10 = ImageShape(3, 32, 32, 10)
CELEBA = ImageShape(3, 64, 64, 2)


def paper(shape: ImageShape) -> ReGeneConfig:
    return ReGeneConfig(**ReGene.preset("paper", shape))


@pytest.mark.parametrize(
    ("shape", "stages"),
    [
        (MNIST, [(200, 1, 1, 0, 1e-3), (100, 1, 0, 0, 1e-4)]),
        (CIFAR10, [(100, 1, 1, 1, 1e-3), (100, 1, 0, 1, 1e-3), (100, 1, 0, 0, 1e-4)]),
        (CELEBA, [(300, 1, 1, 1, 5e-4), (300, 1, 0, 1, 5e-4), (100, 1, 0, 0, 5e-4)]),
    ],
    ids=["A.1.1", "A.1.3", "A.1.4"],
)
def test_the_decoder_is_trained_by_the_stages_of_the_appendix(
    shape: ImageShape, stages: list[tuple[float, ...]]
) -> None:
    config = paper(shape)
    found = [(s.epochs, s.l1, s.l2, s.l3, s.learning_rate) for s in config.stages]
    assert found == stages
    assert config.decoder_length(1000) == 1000 * sum(stage[0] for stage in stages)


@pytest.mark.parametrize(
    ("shape", "epochs", "batch", "decay", "decoder_batch"),
    [(MNIST, 50, 512, 20, 512), (CIFAR10, 100, 512, 20, 512), (CELEBA, 50, 256, 5, 128)],
    ids=["A.1.1", "A.1.3", "A.1.4"],
)
def test_the_classifier_is_trained_as_in_the_appendix(
    shape: ImageShape, epochs: int, batch: int, decay: int, decoder_batch: int
) -> None:
    config = paper(shape)
    assert config.classifier_loss == "cross_entropy"
    assert config.classifier_learning_rate == 5e-3
    assert config.classifier_epochs == epochs
    assert config.classifier_batch_size == batch
    assert config.classifier_decay_epochs == decay
    assert config.decoder_batch_size == decoder_batch
    assert not config.one_cycle


def test_a_stage_lasts_its_share_of_the_training() -> None:
    first, second, third = paper(CIFAR10).stages
    stages = (first, second, third)
    steps = 29_297
    at = [stage_at(stages, step / steps) for step in range(steps)]
    assert [at.index(stage) for stage in stages] == [0, 9766, 19532]
    assert stage_at(stages, 1 / 3) is second
    assert stage_at(stages, 1.0) is third


def test_decoder_epochs_stretch_all_stages_alike() -> None:
    config = ReGeneConfig(**(ReGene.preset("paper", MNIST) | {"decoder_epochs": 3.0}))
    assert config.decoder_length(1000) == 3000
    assert stage_at(config.stages, 0.6).l2 == 1
    assert stage_at(config.stages, 0.7).l2 == 0


def test_without_stages_there_is_one_of_the_plain_weights() -> None:
    config = ReGeneConfig(l2=0.3, decoder_learning_rate=1e-2, decoder_images=77)
    (only,) = config.stages
    assert (only.l1, only.l2, only.l3, only.learning_rate) == (1.0, 0.3, 0.0, 1e-2)
    assert config.decoder_length(1000) == 77


@pytest.mark.parametrize("one_cycle", [False, True])
def test_the_rate_follows_the_stages(one_cycle: bool, tmp_path: Path) -> None:
    data = make_data()
    stages = [
        DecoderStage(epochs=2, learning_rate=1e-2),
        DecoderStage(epochs=1, learning_rate=1e-3),
    ]
    config = ReGeneConfig(
        encoder_width=4, decoder_width=4, decoder_stages=stages, one_cycle=one_cycle
    )
    classifier, decoder = build_networks(config, data.shape)
    stage = decoder_stage(config, classifier, decoder, data, make_runtime(tmp_path))
    plain = decoder_stage(
        ReGeneConfig(encoder_width=4, decoder_width=4, one_cycle=one_cycle),
        classifier,
        decoder,
        data,
        make_runtime(tmp_path),
    )
    for progress, share in ((0.0, 1.0), (0.6, 1.0), (0.7, 0.1)):
        clock = Clock(0, 0, 0.0, progress)
        assert stage.schedule(clock) == pytest.approx(share * plain.schedule(clock))
    rates = [group["lr"] for group in stage.optimizers["adam"].param_groups]
    assert rates == [1e-2]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ratios": (0.7, 0.2)}, "must sum to 1, not to 0.9"),
        ({"ratios": (0.5, 0.3, 0.2)}, "3 ratios for combinations of n_combined = 2"),
        ({"ratios": (0.5, 0.5), "dirichlet": 1.0}, "not both"),
        ({"ratios": (0.0, 1.0)}, "greater than 0"),
        ({"dirichlet": 0.0}, "greater than 0"),
        ({"encoder_kernels": (4,)}, "must be odd"),
    ],
    ids=str,
)
@pytest.mark.parametrize("config", [ReGeneConfig, AutoencoderConfig])
def test_impossible_pairs_are_refused(
    config: type[EncoderDecoderConfig], values: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        validate(config, values, "method x")


@pytest.mark.parametrize("value", [-0.1, 1.1, "mean", "class mean"])
def test_a_threshold_is_a_word_or_a_number_up_to_1(value: object) -> None:
    with pytest.raises(ValidationError, match="threshold"):
        ReGeneConfig(threshold=value)
    for right in ("class_mean", "none", 0.0, 0.9, 1):
        assert ReGeneConfig(threshold=right).threshold == right


def test_an_unknown_encoder_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="timm has no model 'densenet12'") as caught:
        validate(ReGeneConfig, {"encoder": "timm:densenet12"}, "method regene")
    assert "densenet121" in str(caught.value)
    with pytest.raises(ConfigError, match="'conv', 'densenet100' or 'timm:NAME'"):
        validate(ReGeneConfig, {"encoder": "convolution"}, "method regene")


def test_stages_are_read_from_plain_values_and_name_what_is_wrong() -> None:
    values = {"decoder_stages": [{"epochs": 2, "learning_rate": 1e-3}, {"epochs": 1}]}
    with pytest.raises(ConfigError, match=r"decoder_stages\.1\.learning_rate.* is missing"):
        validate(ReGeneConfig, values, "method regene")


def test_losses_come_and_go_within_one_training(stripes: BenchmarkData, tmp_path: Path) -> None:
    stages = [
        {"epochs": 2, "l2": 1.0, "l3": 1.0, "learning_rate": 1e-2},
        {"epochs": 1, "l3": 1.0, "learning_rate": 1e-2},
        {"epochs": 1, "learning_rate": 1e-3},
    ]
    runtime = make_runtime(tmp_path)
    fit("regene", stripes, runtime, decoder_stages=stages, one_cycle=False)
    _, decoder = runtime.ledger
    assert decoder.images == 4 * len(stripes.train)
    assert set(decoder.losses) == {"mae", "loss"}
    # the last stage has the absolute error alone, and next to nothing for saturated pixels
    assert decoder.losses["loss"] == pytest.approx(decoder.losses["mae"], abs=0.01)


@pytest.mark.parametrize("loss", CLASSIFIER_LOSSES)
def test_every_classifier_loss_learns_and_generates(
    loss: str, stripes: BenchmarkData, tmp_path: Path
) -> None:
    model = fit("regene", stripes, make_runtime(tmp_path), classifier_loss=loss)
    logits = model.classify(to_float(stripes.test.images))
    assert (logits.argmax(1) == stripes.test.labels).float().mean() > 0.9
    generation = model.generate(torch.arange(3).repeat_interleave(4), SampleRng(0))
    assert (generation.trials["image"] >= generation.trials["latent"]).all()


@pytest.mark.parametrize(("threshold", "expected"), [("none", 0.0), (0.25, 0.25)])
def test_thresholds_are_those_that_are_set(
    threshold: object, expected: float, stripes: BenchmarkData, tmp_path: Path
) -> None:
    model = fit("regene", stripes, make_runtime(tmp_path), threshold=threshold)
    assert model.thresholds.tolist() == [expected] * 3
    generation = model.generate(torch.tensor([0, 1, 2]), SampleRng(0))
    confidences = model.classify(generation.images).softmax(1).diagonal()
    assert (confidences >= expected).all()
    if threshold == "none":
        assert torch.equal(generation.trials["image"], generation.trials["latent"])


def mislabelled(data: BenchmarkData, every: int = 4) -> BenchmarkData:
    """Data in which every so many training images bear the label of the next class."""
    labels = data.train.labels.clone()
    labels[::every] = (labels[::every] + 1) % data.shape.n_classes
    return replace(data, train=DeviceImages(data.train.images, labels))


def test_images_that_the_classifier_gets_wrong_cost_trials_unless_they_are_left_out(
    stripes: BenchmarkData, tmp_path: Path
) -> None:
    labels = torch.arange(3).repeat_interleave(20)
    trials = {}
    for pool in ("all", "right"):
        # the second finds the networks of the first: only drawing looks at the pool
        runtime = make_runtime(tmp_path)
        model = fit("regene", mislabelled(stripes), runtime, threshold="none", pool=pool)
        trials[pool] = model.generate(labels, SampleRng(0)).trials["latent"]
    # lemma 1: between latents that are right there is nothing else
    assert trials["right"].tolist() == [1] * len(labels)
    assert trials["all"].sum() > len(labels)


def test_paper_has_no_loss_that_the_paper_has_not() -> None:
    assert ReGeneConfig(**ReGene.preset("paper", MNIST)).saturation == 0
    assert ReGeneConfig(**ReGene.preset("quick", MNIST)).saturation > 0


@pytest.mark.parametrize("preset", ["quick", "standard", "paper"])
def test_all_training_images_of_a_class_are_combined_as_in_the_paper(preset: Preset) -> None:
    assert ReGeneConfig(**ReGene.preset(preset, MNIST)).pool == "all"
