"""Small data and small models for the tests of methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from regene_bench_plugins.methods.autoencoder import Autoencoder
from regene_bench_plugins.methods.gan.began import BEGAN
from regene_bench_plugins.methods.gan.cgan import CGAN, UGAN
from regene_bench_plugins.methods.gan.dcgan import DCGAN
from regene_bench_plugins.methods.gan.lsgan import LSGAN
from regene_bench_plugins.methods.gan.nsgan import NSGAN
from regene_bench_plugins.methods.gan.sngan import SNGAN
from regene_bench_plugins.methods.gan.wgan_gp import WGANGP
from regene_bench_plugins.methods.real import Real
from regene_bench_plugins.methods.regene.regene import ReGene
from regene_bench_plugins.methods.vae.cvae import CVAE

from regene_bench.api import BenchmarkData, DeviceImages, ImageShape, Method, Runtime
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.stop import StopRequest

CONDITIONAL_GANS: dict[str, type[Method]] = {
    "cgan": CGAN,
    "nsgan": NSGAN,
    "lsgan": LSGAN,
    "wgan_gp": WGANGP,
    "began": BEGAN,
    "dcgan": DCGAN,
    "sngan": SNGAN,
}
METHODS: dict[str, type[Method]] = {
    "real": Real,
    "autoencoder": Autoencoder,
    "regene": ReGene,
    "cvae": CVAE,
    "ugan": UGAN,
    **CONDITIONAL_GANS,
}
TRAINED = tuple(name for name in METHODS if name != "real")

_PAIR: dict[str, Any] = {
    "encoder_width": 8,
    "encoder_narrowest": 4,
    "encoder_ends": 0,
    "decoder_width": 8,
    "decoder_narrowest": 4,
    "decoder_convolutions": 1,
}
_GAN: dict[str, Any] = {"images": 320, "batch_size": 16, "width": 4, "noise_dim": 3}
_CLASS_NORM = _GAN | {"images": 640, "discriminator_steps": 2, "discriminator_width": 4}
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
    "cvae": {
        "images": 320,
        "batch_size": 16,
        "encoder_width": 8,
        "encoder_narrowest": 4,
        "decoder_width": 8,
        "decoder_narrowest": 4,
        "recogniser_width": 8,
        "latent_dim": 3,
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
    return method(method.Config(**(TINY[name] | changes))).fit(data, runtime)
