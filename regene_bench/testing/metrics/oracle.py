"""An oracle: images of known quality, a model that can do everything, features without weights."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal
from torch.nn import functional as F

from regene_bench.data.device_images import BenchmarkData, DeviceImages, to_float
from regene_bench.evaluation.extractor import ExtractorCard, FeatureExtractor, Features
from regene_bench.runtime.random import SampleRng
from regene_bench.runtime.runtime import Runtime
from regene_bench.testing.stripes import class_means
from regene_bench.training.capabilities import Generation

_SIDE = 4
_SHARPNESS = 10.0
_PIXEL_SPREAD = 0.1


class PooledPixels(FeatureExtractor):
    """An extractor without a network, which stands for every extractor while a metric is checked.

    Its features are the means of 4×4 fields of the grey image; its logits come from the distance
    to the class means. The metric's arithmetic is looked at, and no weights are needed.
    """

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        """Keep the classes' mean images, to compute logits by."""
        self._means = class_means(data.train, data.shape.n_classes)

    @property
    def card(self) -> ExtractorCard:
        """What it is; the hash is of its name, since it has no weights."""
        digest = hashlib.sha256(b"pooled pixels of the conformance kit").hexdigest()
        return ExtractorCard("pooled-pixels", 0, (0.0, 1.0), _SIDE**2, digest, "grey-pooled4")

    def extract(self, images: Tensor) -> Features:
        """Features float32 ``[N, 16]`` and logits ``[N, K]`` of uint8 images."""
        pixels = to_float(images)
        pooled = F.adaptive_avg_pool2d(pixels.mean(dim=1, keepdim=True), _SIDE)
        logits = -_SHARPNESS * torch.cdist(pixels.flatten(1), self._means).square()
        return Features(pooled.flatten(1), logits)


class OracleModel:
    """A model with every capability, whose quality is known because it is given.

    Args:
        images: What it generates, uint8 ``[N, C, H, W]``.
        means: Mean image of each class, float32 ``[K, C·H·W]``, to classify by.
        error: Weight of a grey image in what it decodes, in [0, 1]; 0 for perfect reconstructions.
        blinking: Whether it sees grey in place of every second image.
    """

    def __init__(
        self, images: DeviceImages, means: Tensor, error: float, *, blinking: bool = False
    ) -> None:
        self._images = images
        self._means = means
        self._error = error
        self._blinking = blinking

    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Return its images from ``rng.start`` on."""
        return Generation(to_float(self._images.images[rng.start : rng.start + len(labels)]))

    def encode(self, images: Tensor) -> Tensor:
        """Flatten images to ``[N, C·H·W]``."""
        return self._seen(images).flatten(1)

    def decode(self, latents: Tensor) -> Tensor:
        """Turn latents back into the images they came from, mixed with grey."""
        images = latents.reshape(-1, *self._images.images.shape[1:])
        return (1 - self._error) * images + self._error / 2

    def posterior(self, images: Tensor, labels: Tensor) -> Distribution:
        """q(z | x): a narrow Gaussian around what ``encode`` gives."""
        return Independent(Normal(self.encode(images), _PIXEL_SPREAD), 1)

    def prior(self, labels: Tensor) -> Distribution:
        """p(z): independent pixels around middle grey, as wide as the range of pixels."""
        grey = torch.full((len(labels), self._means.shape[1]), 0.5, device=self._means.device)
        return Independent(Normal(grey, 1.0), 1)

    def likelihood(self, latents: Tensor, labels: Tensor) -> Distribution:
        """p(x | z): a narrow Gaussian around what ``decode`` gives."""
        return Independent(Normal(self.decode(latents), _PIXEL_SPREAD), 3)

    @property
    def n_codes(self) -> int:
        """One code for each class."""
        return len(self._means)

    def codes(self, images: Tensor) -> Tensor:
        """The class whose mean is nearest, int64 ``[N, 1]``: a map of a single code."""
        return self.classify(images).argmax(1, keepdim=True)

    def classify(self, images: Tensor) -> Tensor:
        """Logits ``[N, K]``: the nearer a class's mean, the higher."""
        return -_SHARPNESS * torch.cdist(self._seen(images).flatten(1), self._means).square()

    def _seen(self, images: Tensor) -> Tensor:
        if not self._blinking:
            return images
        seen = images.clone()
        seen[1::2] = 0.5
        return seen


def spoiled(images: DeviceImages) -> DeviceImages:
    """Give the images with every second one replaced by uniform noise.

    They are worse than the originals by any measure of quality.
    """
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, images.images.shape, generator=generator, dtype=torch.uint8)
    odd = torch.arange(len(images)) % 2 == 1
    chosen = torch.where(odd[:, None, None, None], noise, images.images)
    return DeviceImages(chosen, images.labels)


def faint(images: DeviceImages) -> DeviceImages:
    """Give images of the same labels that are all but black: noise of four grey levels."""
    generator = torch.Generator().manual_seed(1)
    dark = torch.randint(0, 4, images.images.shape, generator=generator, dtype=torch.uint8)
    return DeviceImages(dark, images.labels.clone())
