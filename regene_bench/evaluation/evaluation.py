"""One lazy evaluation per run: what several metrics need is computed once and shared."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from regene_bench.capabilities import Decoder, Encoder, has_capability
from regene_bench.data.dataset import BenchmarkData, DeviceImages, to_uint8
from regene_bench.errors import MethodError
from regene_bench.evaluation.shelf import ExtractorShelf
from regene_bench.interfaces import ExtractorCard, Features, Split
from regene_bench.runtime import Runtime

_CHUNK = 256


class Evaluation:
    """What metrics measure.

    Args:
        model: The fitted model.
        data: Both splits of the benchmark.
        reference: The real images that generated ones are compared with.
        reference_split: The split that they are from.
        generated: Generated images, uint8 as a saved picture holds them, with their labels.
        trials: Candidates drawn for each sample by kind of judging, int64 ``[N]`` each.
        shelf: Extractors and real features.
        runtime: Device, seed, progress.
    """

    def __init__(
        self,
        *,
        model: object,
        data: BenchmarkData,
        reference: DeviceImages,
        reference_split: Split,
        generated: DeviceImages,
        trials: dict[str, Tensor],
        shelf: ExtractorShelf,
        runtime: Runtime,
    ) -> None:
        self.model = model
        self.data = data
        self.reference = reference
        self.reference_split = reference_split
        self.generated = generated
        self.trials = trials
        self.runtime = runtime
        self._shelf = shelf
        self._features: dict[tuple[str, str], Features] = {}

    def can(self, capability: str) -> bool:
        """Tell whether the model can ``encode``, ``decode``, ``generate`` or ``classify``."""
        return has_capability(self.model, capability)

    def card(self, extractor: str) -> ExtractorCard:
        """The card of an extractor.

        Raises:
            UnavailableError: Its weights are not to be had.
        """
        return self._shelf.extractor(extractor).card

    def generated_features(self, extractor: str) -> Features:
        """Features ``[N, D]`` (and logits) of the generated images."""
        return self._once(extractor, "generated", self.generated.images)

    def reference_features(self, extractor: str) -> Features:
        """Features ``[M, D]`` (and logits) of the reference images; cached across runs."""
        return self._shelf.real(extractor, self.reference)

    @cached_property
    def reconstructed(self) -> Tensor:
        """The test split through encoder and decoder, uint8 ``[N, C, H, W]``.

        Raises:
            MethodError: The model cannot, or gives another shape.
        """
        model = self.model
        if not (isinstance(model, Encoder) and isinstance(model, Decoder)):
            raise MethodError("The model cannot encode and decode.")
        parts, done = [], 0
        with torch.inference_mode():
            for images, _ in self.data.test.chunks(_CHUNK):
                self.runtime.stop.check()
                decoded = model.decode(model.encode(images))
                if decoded.shape != images.shape:
                    raise MethodError(
                        f"decode gives {list(decoded.shape)} for {list(images.shape)} images."
                    )
                parts.append(to_uint8(decoded))
                done += len(images)
                self.runtime.progress("reconstructing", done, len(self.data.test))
        return torch.cat(parts)

    def _once(self, extractor: str, name: str, images: Tensor) -> Features:
        key = (extractor, name)
        if key not in self._features:
            self._features[key] = self._shelf.extract(extractor, images, f"{name} images")
        return self._features[key]
