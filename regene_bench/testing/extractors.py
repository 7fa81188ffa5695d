"""Contracts of feature extractors: the card tells the truth, an image's features are its own."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from regene_bench.base.errors import UnavailableError
from regene_bench.base.events import Sink
from regene_bench.data.shapes import ImageShape
from regene_bench.evaluation.extractor import FeatureExtractor
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.runtime import Runtime
from regene_bench.testing.check import NotApplicable, require
from regene_bench.testing.device.check import keeps_to_its_device
from regene_bench.testing.registration import is_described, registration_imports_nothing_heavy
from regene_bench.testing.stripes import moved, striped_data

GREY = ImageShape(1, 8, 8, 3)
RGB = ImageShape(3, 16, 16, 3)
# more than extractors take at a time on a CPU, and no multiple of it
_N = 19
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TOLERANCE = 1e-5
_CPU = torch.device("cpu")


class ExtractorSubject:
    """What the checks of extractors are called with: the extractor without options.

    Args:
        entry: The extractor's registration.
        folder: An empty folder, for the checkpoints of one that trains.
        host: The installed plugins.
        emit: Called with the progress of downloads and trainings.
        device: Where it computes.
    """

    def __init__(
        self,
        entry: Entry,
        folder: Path,
        host: PluginHost,
        emit: Sink,
        device: torch.device = _CPU,
    ) -> None:
        self.entry = entry
        self._folder = folder
        self._emit = emit
        self._device = device
        self._unavailable: UnavailableError | None = None

    @cached_property
    def grey(self) -> FeatureExtractor:
        """An extractor prepared on grey 8×8 images, once for all checks."""
        return self.prepared(GREY)

    @cached_property
    def rgb(self) -> FeatureExtractor:
        """An extractor prepared on RGB 16×16 images, once for all checks."""
        return self.prepared(RGB)

    def prepared(self, shape: ImageShape) -> FeatureExtractor:
        """Make a new extractor, and prepare it on images of this shape.

        Raises:
            UnavailableError: Its weights are not to be had on this machine.
            NotApplicable: It stands for many, and no one of them is named.
        """
        # a download that cannot be had is tried for a while: once is enough for all checks
        if self._unavailable is not None:
            raise self._unavailable
        loaded: type[FeatureExtractor] = self.entry.load()
        if hasattr(loaded, "named") and ":" not in self.entry.name:
            raise NotApplicable(f"it stands for many: check one of them, {self.entry.name}:NAME")
        extractor = loaded({})
        store = CheckpointStore(self._folder)
        runtime = Runtime(self._device, "float32", 0, store, emit=self._emit)
        try:
            extractor.prepare(moved(striped_data(shape), self._device), runtime)
        except UnavailableError as error:
            self._unavailable = error
            raise
        return extractor


def pictures(shape: ImageShape) -> Tensor:
    """Draw uint8 images ``[19, C, H, W]`` of all brightnesses; always the same ones."""
    generator = torch.Generator().manual_seed(0)
    brightness = torch.rand(_N, 1, 1, 1, generator=generator)
    noise = torch.rand(_N, shape.channels, shape.height, shape.width, generator=generator)
    return (255 * brightness * noise).to(torch.uint8)


def features(extractor: FeatureExtractor, images: Tensor) -> Tensor:
    """Extract features as the evaluation does, without gradients: ``[N, D]``."""
    with torch.inference_mode():
        return extractor.extract(images).features


def the_card_is_complete(subject: ExtractorSubject) -> None:
    """After ``prepare`` the card names the extractor as it is registered, its convention and its
    weights; prepared anew on the same images, it is the same card.

    Mend: fill every field of ``ExtractorCard``; take the SHA-256 of the weights file, or of a text
    that defines the extractor if it has no weights. What changes the features changes the card.
    """
    card = subject.grey.card
    require(card.id == subject.entry.name, f"the card's id is {card.id!r}")
    low, high = card.value_range
    require(low < high, f"the card's value range is {low} to {high}")
    require(card.input_size >= 0, f"the card's input size is {card.input_size}")
    require(card.feature_dim >= 1, f"the card's feature dimension is {card.feature_dim}")
    require(bool(card.preprocess_id), "the card has no preprocess id")
    hashed = bool(_SHA256.fullmatch(card.weights_sha256))
    require(hashed, f"the card's weights hash is {card.weights_sha256!r}, no SHA-256 in hex")
    again = subject.prepared(GREY).card
    require(again == card, f"prepared again, the card is {again}, not {card}")


def the_weights_hash_is_the_files(subject: ExtractorSubject) -> None:
    """The hash on the card is that of a published file in ``weights``, with the address and size
    that ``regene-bench weights fetch`` needs.

    Mend: pin the file as ``WeightsFile(name, filename, url, sha256, size)`` and put its hash on
    the card; leave ``weights`` empty where weights are embedded, trained, or none.
    """
    files = subject.entry.load().weights
    if not files:
        raise NotApplicable("it declares no published weights")
    for file in files:
        require(bool(_SHA256.fullmatch(file.sha256)), f"{file.name} has the hash {file.sha256!r}")
        require(file.url.startswith("https://"), f"{file.name} has the address {file.url!r}")
        require(file.size > 0, f"{file.name} has {file.size} bytes")
    known = {file.sha256 for file in files}
    require(subject.grey.card.weights_sha256 in known, "the card's hash is none of its weights'")


def the_card_describes_the_features(subject: ExtractorSubject) -> None:
    """From uint8 images, grey and RGB, come features float32 ``[N, D]`` with the card's D, finite,
    and, if there are any, logits ``[N, K]``; different images have different features.

    Mend: repeat grey images to three channels for a network that wants RGB; convert features to
    float32; state the D that ``extract`` returns.
    """
    for shape, extractor in ((GREY, subject.grey), (RGB, subject.rgb)):
        images = pictures(shape)
        with torch.inference_mode():
            found = extractor.extract(images)
        size = f"images of {shape.channels}×{shape.height}×{shape.width}"
        expected = (len(images), extractor.card.feature_dim)
        shown = f"{found.features.dtype} {list(found.features.shape)}"
        right = tuple(found.features.shape) == expected and found.features.dtype == torch.float32
        require(right, f"{size} give {shown}, not float32 {list(expected)}")
        require(bool(torch.isfinite(found.features).all()), f"{size} give values not finite")
        if found.logits is not None:
            rows = found.logits.ndim == 2 and len(found.logits) == len(images)
            require(rows, f"{size} give logits {list(found.logits.shape)}, not [{len(images)}, K]")
        nearest = float(torch.pdist(found.features.double()).min())
        require(nearest > 0, f"two different {size} have the same features")


def the_same_images_have_the_same_features(subject: ExtractorSubject) -> None:
    """Twice the same images have the same features to the last bit.

    Mend: put the network into evaluation mode; draw nothing.
    """
    images = pictures(GREY)
    first, again = features(subject.grey, images), features(subject.grey, images)
    require(torch.equal(first, again), f"off by {_error(again, first):.3g} of their length")


def features_do_not_depend_on_the_batch(subject: ExtractorSubject) -> None:
    """An image has the same features alone, in a batch, and among other neighbours, to one part in
    100,000.

    Mend: put the network into evaluation mode (batch normalisation mixes a batch); scale each
    image by constants, never by a batch's minimum or maximum.
    """
    images = pictures(GREY)
    whole = features(subject.grey, images)
    alone = torch.cat([features(subject.grey, image[None]) for image in images])
    error = _error(alone, whole)
    require(error <= _TOLERANCE, f"alone, an image's features are off by {error:.3g}")
    others = images.clone()
    others[1:] = 255 - others[1:]
    error = _error(features(subject.grey, others)[:1], whole[:1])
    require(error <= _TOLERANCE, f"beside other images, features are off by {error:.3g}")


def features_do_not_depend_on_the_surroundings(subject: ExtractorSubject) -> None:
    """Features are computed in the precision that the card states, also inside somebody's
    autocast, and the given images are not changed.

    Mend: wrap the network in ``torch.autocast(device, enabled=False)``; work on a copy.
    """
    images = pictures(GREY)[:3]
    before = images.clone()
    expected = features(subject.grey, images)
    require(torch.equal(images, before), "extract has changed the images")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = features(subject.grey, images)
    error = _error(found, expected)
    require(error <= _TOLERANCE, f"under autocast, features are off by {error:.3g}")


def _error(found: Tensor, expected: Tensor) -> float:
    """Give the largest difference of one image's features, relative to their Euclidean length."""
    length = expected.norm(dim=1).clamp_min(torch.finfo(torch.float32).tiny)
    return float(((found - expected).norm(dim=1) / length).max())


Subject = ExtractorSubject
CHECKS = (
    registration_imports_nothing_heavy,
    is_described,
    the_card_is_complete,
    the_weights_hash_is_the_files,
    the_card_describes_the_features,
    keeps_to_its_device,
    the_same_images_have_the_same_features,
    features_do_not_depend_on_the_batch,
    features_do_not_depend_on_the_surroundings,
)
