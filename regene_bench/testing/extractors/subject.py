"""An extractor, prepared on small data, grey and RGB."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from regene_bench.base.events import Sink
from regene_bench.data.shapes import ImageShape
from regene_bench.evaluation.extractor import FeatureExtractor
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.runtime import Runtime
from regene_bench.testing.contract import NotApplicable
from regene_bench.testing.separable import separable_data

GREY = ImageShape(1, 8, 8, 3)
RGB = ImageShape(3, 16, 16, 3)
# more than extractors take at a time on a CPU, and no multiple of it
_N = 19


class ExtractorSubject:
    """What the checks of extractors look at: the extractor without options, on the CPU.

    Args:
        entry: The extractor's registration.
        folder: An empty folder, for checkpoints.
        host: The installed plugins.
        emit: Takes progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self._folder = folder
        self._emit = emit

    @cached_property
    def grey(self) -> FeatureExtractor:
        """Prepared on grey 8×8 images."""
        return self.prepared(GREY)

    @cached_property
    def rgb(self) -> FeatureExtractor:
        """Prepared on RGB 16×16 images."""
        return self.prepared(RGB)

    def prepared(self, shape: ImageShape) -> FeatureExtractor:
        """A new extractor, prepared on images of this shape.

        Raises:
            UnavailableError: Its weights are not to be had on this machine.
            NotApplicable: It stands for many, and no one of them is named.
        """
        loaded: type[FeatureExtractor] = self.entry.load()
        if hasattr(loaded, "named") and ":" not in self.entry.name:
            raise NotApplicable(f"it stands for many: check one of them, {self.entry.name}:NAME")
        extractor = loaded({})
        store = CheckpointStore(self._folder)
        runtime = Runtime(torch.device("cpu"), "float32", 0, store, emit=self._emit)
        extractor.prepare(separable_data(shape), runtime)
        return extractor


def pictures(shape: ImageShape) -> Tensor:
    """Uint8 images ``[19, C, H, W]`` of all brightnesses."""
    generator = torch.Generator().manual_seed(0)
    brightness = torch.rand(_N, 1, 1, 1, generator=generator)
    noise = torch.rand(_N, shape.channels, shape.height, shape.width, generator=generator)
    return (255 * brightness * noise).to(torch.uint8)


def features(extractor: FeatureExtractor, images: Tensor) -> Tensor:
    """Extract as the evaluation does; float32 ``[N, D]``."""
    with torch.inference_mode():
        return extractor.extract(images).features
