"""Small data and small models for the tests of methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from regene_bench_plugins.methods.gan.config import GANConfig

from regene_bench.api import BenchmarkData, DeviceImages, ImageShape, Method, Runtime
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.stop import StopRequest
from tests.first_party import methods

METHODS: dict[str, type[Method]] = methods()
TRAINED = tuple(
    # what `pipeline` draws from was trained elsewhere
    name
    for name, method in METHODS.items()
    if not method.is_reference and name != "pipeline"
)
CONDITIONAL_GANS = tuple(
    name
    for name, method in METHODS.items()
    if issubclass(method.Config, GANConfig) and method.Config.model_fields["conditional"].default
)


class StopAfter(StopRequest):
    """Asks for a stop when it has been looked at some number of times: once a step."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._left = looks

    @property
    def reason(self) -> str | None:
        self._left -= 1
        return "the test" if self._left < 0 else None


_PAIR: dict[str, Any] = {
    "encoder_width": 8,
    "encoder_narrowest": 4,
    "encoder_ends": 0,
    "decoder_width": 8,
    "decoder_narrowest": 4,
    "decoder_convolutions": 1,
}
_GAN: dict[str, Any] = {"images": 320, "batch_size": 16, "width": 4, "noise_dim": 3}
_VAE: dict[str, Any] = {
    "images": 320,
    "batch_size": 16,
    "latent_dim": 3,
    "encoder_width": 8,
    "encoder_narrowest": 4,
    "decoder_width": 8,
    "decoder_narrowest": 4,
}
_RECOGNISER: dict[str, Any] = {
    "recogniser_width": 8,
    "recogniser_images": 320,
    "recogniser_batch_size": 16,
}
_CLASS_NORM = _GAN | {"images": 640, "discriminator_steps": 2, "discriminator_width": 4}
# a method that is not here is fitted by its smoke configuration
TINY: dict[str, dict[str, Any]] = {
    "real": {},
    "autoencoder": _PAIR | {"images": 640, "batch_size": 16, "learning_rate": 1e-2},
    "regene": _PAIR
    | {
        "classifier_images": 640,
        "classifier_batch_size": 16,
        "classifier_learning_rate": 1e-2,
        "decoder_images": 480,
        "decoder_batch_size": 16,
        "decoder_learning_rate": 1e-2,
        "l2": 0.1,
        "l3": 0.1,
        "perceptual": "classifier",
    },
    "cgan": _GAN | {"discriminator_width": 4},
    "ugan": _GAN | {"discriminator_width": 4},
    "nsgan": _GAN | {"dense": 8},
    "lsgan": _GAN | {"dense": 8},
    "wgan_gp": _CLASS_NORM | {"network": "residual"},
    "sngan": _CLASS_NORM | {"network": "strided"},
    "began": _GAN | {"code_dim": 4, "dense": 8},
    "dcgan": _GAN,
    "cvae": _VAE | {"recogniser_width": 8},
    "vae": _VAE,
    "cv_vae": _VAE,
    "wae": _VAE,
    "rae_sn": _VAE,
    "lvpga": _VAE,
    "two_stage_vae": _VAE
    | {"second_images": 640, "second_batch_size": 16, "second_width": 8, "second_depth": 1},
    "ccvae": _VAE | _RECOGNISER,
    "ccapscvae": _VAE
    | _RECOGNISER
    | {"types": 2, "type_dim": 4, "capsules": 3, "capsule_dim": 4, "routing": 2},
    "vqvae": {
        "images": 320,
        "batch_size": 16,
        "n_codes": 8,
        "code_dim": 4,
        "width": 8,
        "prior_width": 16,
        "prior_layers": 1,
        "prior_heads": 2,
        "prior_images": 320,
        "prior_batch_size": 16,
    },
}


def make_data(
    channels: int = 1, height: int = 8, width: int = 8, n_classes: int = 3, per_class: int = 40
) -> BenchmarkData:
    """Noisy images whose class is the place of a bright stripe; easy to learn in a few steps."""
    rng = np.random.default_rng(0)

    def split(count: int) -> DeviceImages:
        labels = np.tile(np.arange(n_classes), count)
        images = rng.integers(0, 60, (len(labels), channels, height, width), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            start = label * width // n_classes
            image[:, :, start : start + max(1, width // n_classes)] += 150
        return DeviceImages(torch.from_numpy(images), torch.from_numpy(labels))

    return BenchmarkData(
        name="stripes",
        shape=ImageShape(channels, height, width, n_classes),
        class_names=tuple(f"stripe {label}" for label in range(n_classes)),
        fingerprint="0" * 64,
        train=split(per_class),
        test=split(per_class // 2),
    )


def make_runtime(
    folder: Path, *, seed: int = 0, stop: StopRequest | None = None, **settings: Any
) -> Runtime:
    """A float32 CPU runtime with its checkpoints in ``folder``."""
    return Runtime(
        device=torch.device("cpu"),
        precision=settings.pop("precision", "float32"),
        seed=seed,
        checkpoints=CheckpointStore(folder),
        stop=stop or StopRequest(),
        **settings,
    )


def fit(name: str, data: BenchmarkData, runtime: Runtime, **changes: Any) -> Any:
    """Fit a tiny model of a method."""
    method = METHODS[name]
    values = TINY[name] if name in TINY else method.smoke(data.shape)
    return method(method.Config(**(values | changes))).fit(data, runtime)


class FittedWhenAsked(Mapping[str, Any]):
    """A model of each name, fitted once and only if a test asks for it.

    Each process that runs tests has some of them, and fits no model for the others'.
    """

    def __init__(self, names: Iterable[str], fitted: Callable[[str], Any]) -> None:
        self._names = tuple(names)
        self._fitted = fitted
        self._models: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._models:
            self._models[name] = self._fitted(name)
        return self._models[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
