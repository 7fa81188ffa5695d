from __future__ import annotations

import pytest
from pydantic import ValidationError

from regene_bench.api import ImageShape, TrainingLength, images_to_see
from regene_bench.data.shapes import PRESETS, Preset

from .builders import METHODS

SHAPES = [
    ImageShape(1, 8, 8, 10),
    ImageShape(1, 28, 28, 10),
    ImageShape(3, 32, 32, 10),
    ImageShape(3, 64, 64, 2),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", METHODS)
def test_every_preset_is_a_valid_configuration(
    name: str, preset: Preset, shape: ImageShape
) -> None:
    method = METHODS[name]
    values = method.preset(preset, shape)
    assert method.Config(**values).model_dump(include=set(values)) == values


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("cgan", "noise_dim", -1),
        ("cgan", "kernel", 5),
        ("cgan", "average", 1.0),
        ("cgan", "images", 0),
        ("cgan", "epochs", 0),
        ("cgan", "generator_learning_rate", float("nan")),
        ("cgan", "discriminator_steps", 0),
        ("cgan", "label", "binary"),
        ("cgan", "loss", "hinge"),
        ("ugan", "conditional", True),
        ("nsgan", "dense", 0),
        ("wgan_gp", "penalty", -1),
        ("sngan", "network", "transformer"),
        ("began", "gamma", 1.5),
        ("dcgan", "noise_dim", -1),
        ("cvae", "latent_dim", 0),
        ("cvae", "reconstruction", "l1"),
        ("cvae", "sigma", 0),
        ("regene", "n_combined", 1),
        ("regene", "max_trials", 0),
        ("regene", "decoder_images", 0),
        ("regene", "l1", -1),
        ("regene", "blocks", 0),
        ("autoencoder", "batch_size", 1),
        ("autoencoder", "no_such_thing", 1),
        ("real", "epochs", 1),
    ],
)
def test_impossible_values_are_refused(name: str, field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        METHODS[name].Config(**{field: value})


def test_epochs_win_over_images() -> None:
    assert TrainingLength(images=7).total_images(100) == 7
    assert TrainingLength(images=7, epochs=1.5).total_images(100) == 150
    assert images_to_see(7, 0.0001, 100) == 1


def test_only_real_is_a_reference() -> None:
    assert [name for name, method in METHODS.items() if method.is_reference] == ["real"]
