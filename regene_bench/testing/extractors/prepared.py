"""An extractor, prepared on images that several checks share."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from regene_bench.base.errors import UnavailableError
from regene_bench.base.events import Sink
from regene_bench.data.device_images import BenchmarkData
from regene_bench.data.shapes import ImageShape
from regene_bench.evaluation.extractor import FeatureExtractor
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.runtime import Runtime
from regene_bench.testing.check import NotApplicable
from regene_bench.testing.second_process import second_process, told
from regene_bench.testing.stripes import moved, striped_data

GREY = ImageShape(1, 8, 8, 3)
RGB = ImageShape(3, 16, 16, 3)
TOLERANCE = 1e-5
"""Of the Euclidean length of an image's features."""
# more than extractors take at a time on a CPU, and no multiple of it
_N = 19
_CPU = torch.device("cpu")
_ELSEWHERE = "regene_bench.testing.extractors.dependence:features_elsewhere"


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

    @cached_property
    def again(self) -> FeatureExtractor:
        """Another extractor prepared on the grey images, once for all checks."""
        return self.prepared(GREY)

    @cached_property
    def elsewhere(self) -> tuple[Tensor, Tensor]:
        """Features of ``pictures(GREY)`` from a second process: prepared with nothing in the cache
        but published weights, on the grey images, and on these with other held-out ones.

        Raises:
            Broken: It fails there.
        """
        found = second_process().do(
            _ELSEWHERE,
            entry=told(self.entry),
            folder=str(self._folder / "elsewhere"),
            threads=torch.get_num_threads(),
        )
        same, other = (torch.tensor(features) for features in found)
        return same, other

    def prepared(self, shape: ImageShape) -> FeatureExtractor:
        """Make a new extractor, and prepare it on images of this shape.

        Raises:
            UnavailableError: Its weights are not to be had on this machine.
            NotApplicable: It stands for many, and no one of them is named.
        """
        return self.prepared_on(striped_data(shape))

    def prepared_on(self, data: BenchmarkData) -> FeatureExtractor:
        """Make a new extractor, and prepare it on data; raises as ``prepared``."""
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
            extractor.prepare(moved(data, self._device), runtime)
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


def error_of(found: Tensor, expected: Tensor) -> float:
    """Give the largest difference of one image's features, relative to their Euclidean length."""
    length = expected.norm(dim=1).clamp_min(torch.finfo(torch.float32).tiny)
    return float(((found - expected).norm(dim=1) / length).max())
