"""One lazy evaluation per run: what several metrics need is computed once and shared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.data.device_images import BenchmarkData, DeviceImages, to_uint8
from regene_bench.data.shapes import Split
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.extractor import ExtractorCard, Features
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.evaluation.frechet import Gaussian
from regene_bench.evaluation.reference_statistics import ReferenceStatistics
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.tensor_marks import Marked, TensorMark
from regene_bench.training.capabilities import Decoder, Encoder, has_capability

T = TypeVar("T")
_CHUNK = 256
_RECONSTRUCTED = "the reconstructed images"
_GIVEN = (
    *("model", "data", "comparison", "generated", "labelled", "trials", "runtime", "statistics"),
    "_cache",
)


class Evaluation:
    """What metrics measure.

    Args:
        model: The fitted model; ``None`` for images that another program made.
        data: Both splits of the benchmark.
        comparison: The real images that generated ones are compared with.
        generated: Generated images, uint8 as a saved picture holds them, with their labels.
        labelled: False if nothing is known of the labels; a label of -1 says the same.
        statistics: What generated images are compared with where there are no real images.
        trials: Candidates drawn for each sample by kind of judging, int64 ``[N]`` each.
        shelf: Lends extractors, and remembers the features of real images.
        runtime: Device, seed, progress.
    """

    def __init__(
        self,
        *,
        model: object,
        data: BenchmarkData,
        comparison: Comparison,
        generated: DeviceImages,
        trials: dict[str, Tensor],
        shelf: FeatureCache,
        runtime: Runtime,
        labelled: bool = True,
        statistics: ReferenceStatistics | None = None,
    ) -> None:
        self.model = model
        self.data = data
        self.comparison = comparison
        self.generated = generated
        self.labelled = labelled and bool((generated.labels >= 0).all())
        self.trials = trials
        self.runtime = runtime
        self.statistics = statistics
        self._cache = shelf
        self._spellings: Mapping[str, str] = {}
        self._features: dict[tuple[str, str], Marked[Features]] = {}
        self._marks: dict[str, TensorMark] = {}
        self._copies: dict[str, Tensor] = {}
        self._as_made = {name: vars(self)[name] for name in _GIVEN}
        self._trials_as_made = dict(trials)
        for name, tensor in self._given_tensors().items():
            self._marks[name] = TensorMark.of(tensor)
            self._copies[name] = tensor.to("cpu", copy=True)

    def _spelt(self, extractor: str) -> str:
        return self._spellings.get(extractor, extractor)

    def can(self, capability: str) -> bool:
        """Tell whether the model can ``encode``, ``decode``, ``generate`` or ``classify``.

        ``"generate"`` is true of images without a model too, since they are there; ``"labels"``
        asks whether they carry labels.
        """
        if capability == "labels":
            return self.labelled
        if self.model is None:
            return capability == "generate"
        return has_capability(self.model, capability)

    @property
    def reference_split(self) -> Split:
        """The split that the protocol compares with."""
        return self.comparison.reference_split

    def real(self, split: Split | None = None) -> DeviceImages:
        """The real images of a comparison, from a split (the protocol's if not named).

        Raises:
            MethodError: There are none: only precomputed statistics were given.
        """
        if self.statistics is not None:
            raise MethodError(
                f"{self.statistics.name} has the mean and covariance of real images' features, "
                "not the images.",
                hint="Score against a benchmark (--against).",
            )
        return self.comparison.real(split)

    def card(self, extractor: str) -> ExtractorCard:
        """The card of an extractor.

        Raises:
            UnavailableError: Its weights are not to be had.
        """
        return self._cache.card(self._spelt(extractor))

    def generated_features(self, extractor: str) -> Features:
        """Features ``[N, D]`` (and logits) of the generated images."""
        return self._once(self._spelt(extractor), "generated", self.generated.images)

    def reconstructed_features(self, extractor: str, places: Tensor) -> Features:
        """Features ``[M, D]`` (and logits) of reconstructed test images.

        Args:
            extractor: Name of the extractor.
            places: Which of ``held_out``, int64 ``[M]``.
        """
        images = self.reconstructed[places]
        return self._cache.extract(self._spelt(extractor), images, "reconstructed images")

    def reference_features(self, extractor: str, split: Split | None = None) -> Features:
        """Features ``[M, D]`` (and logits) of ``real(split)``; cached across runs."""
        return self._cache.real(self._spelt(extractor), self.real(split))

    def reference_gaussian(self, extractor: str, split: Split | None = None) -> Gaussian:
        """The Gaussian of ``reference_features``, factored once for all runs of a call.

        Against precomputed statistics it is theirs, and there is nothing else to be had.

        Args:
            extractor: Name of the extractor.
            split: As of ``real``.
        """
        return self._given or self.of_reference("gaussian", extractor, split, Gaussian.of_features)

    @cached_property
    def _given(self) -> Gaussian | None:
        """The Gaussian of the statistics, if these were given."""
        given = self.statistics
        return None if given is None else given.gaussian(self.generated.device)

    def of_reference(
        self, what: str, extractor: str, split: Split | None, compute: Callable[[Tensor], T]
    ) -> T:
        """What follows from ``reference_features`` alone, computed once for all runs of a call.

        Args:
            what: Names the computation; equal names must mean equal results.
            extractor: Name of the extractor.
            split: As of ``real``.
            compute: From features ``[M, D]``.
        """
        return self._cache.of_real(what, self._spelt(extractor), self.real(split), compute)

    def features_of(self, extractor: str, images: DeviceImages) -> Features:
        """Features (and logits) of any real images, kept in memory and on disk by their content."""
        return self._cache.real(self._spelt(extractor), images)

    @property
    def held_out(self) -> DeviceImages:
        """The test images of the classes that the protocol generates: all, where it names none.

        What a model makes of images is measured on these: a decoder may have seen no others.
        """
        return self.data.test_generated()

    @cached_property
    def reconstructed(self) -> Tensor:
        """``held_out`` through encoder and decoder, uint8 ``[N, C, H, W]``.

        Raises:
            MethodError: The model cannot, or gives another shape.
        """
        parts, done = [], 0
        wanted = self.held_out
        for images, _ in wanted.chunks(_CHUNK):
            self.runtime.stop.check()
            parts.append(self.through_the_model(images))
            done += len(images)
            self.runtime.progress("reconstructing", done, len(wanted))
        found = torch.cat(parts)
        self._marks[_RECONSTRUCTED] = TensorMark.of(found)
        return found

    @torch.inference_mode()
    def through_the_model(self, images: Tensor) -> Tensor:
        """Encode and decode images in [0, 1], float32 ``[N, C, H, W]``, to uint8 ones.

        Raises:
            MethodError: The model cannot, or gives another shape.
        """
        model = self.model
        if not (isinstance(model, Encoder) and isinstance(model, Decoder)):
            raise MethodError("The model cannot encode and decode.")
        decoded = model.decode(model.encode(images))
        if decoded.shape != images.shape:
            raise MethodError(
                f"decode gives {list(decoded.shape)} for {list(images.shape)} images."
            )
        return to_uint8(decoded)

    def _once(self, extractor: str, name: str, images: Tensor) -> Features:
        key = (extractor, name)
        if key not in self._features:
            found = self._cache.extract(extractor, images, f"{name} images")
            self._features[key] = Marked.of(found)
        return self._features[key].value

    def restore(self) -> tuple[str, ...]:
        """Put right what a metric wrote into and others would measure.

        Generated images, their labels and trials are copied back; what was computed is forgotten,
        and computed again when it is asked for.

        Returns:
            What it was, in words; empty if nothing.
        """
        changed = self._put_back()
        for name, tensor in self._given_tensors().items():
            if TensorMark.of(tensor) != self._marks[name]:
                tensor.data = self._copies[name].to(self.runtime.device, copy=True)
                changed.append(name)
        computed = self.__dict__.get("reconstructed")
        if computed is not None and TensorMark.of(computed) != self._marks[_RECONSTRUCTED]:
            del self.__dict__["reconstructed"]
            changed.append(_RECONSTRUCTED)
        for key in [key for key, found in self._features.items() if not found.is_unchanged()]:
            del self._features[key]
            changed.append(f"the features of {key[1]} images ({key[0]})")
        return (*changed, *self._cache.drop_changed())

    def _put_back(self) -> list[str]:
        """Undo what was put in the place of something else, and say what that was."""
        replaced = [name for name, value in self._as_made.items() if vars(self)[name] is not value]
        vars(self).update(self._as_made)
        trials = self._trials_as_made
        if {k: id(v) for k, v in self.trials.items()} != {k: id(v) for k, v in trials.items()}:
            self.trials.clear()
            self.trials.update(trials)
            replaced.append("trials")
        return [f"evaluation.{name}" for name in replaced]

    def _given_tensors(self) -> dict[str, Tensor]:
        """What the evaluation was made with, and nothing can compute again."""
        return {
            "the generated images": self.generated.images,
            "their labels": self.generated.labels,
            **{f"the {kind} trials": counts for kind, counts in self.trials.items()},
        }


@contextmanager
def names_looked_up_as(evaluation: Evaluation, spellings: Mapping[str, str]) -> Iterator[None]:
    """Look extractors up for one metric, which means its own distribution's by a mere name.

    Args:
        evaluation: What the metric is to measure.
        spellings: As of ``NamedMetric``.
    """
    evaluation._spellings = spellings
    try:
        yield
    finally:
        evaluation._spellings = {}
