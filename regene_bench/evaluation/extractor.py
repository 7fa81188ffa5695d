"""The contract of a feature extractor, and what makes two extractions comparable."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from torch import Tensor

from regene_bench.data.device_images import BenchmarkData
from regene_bench.runtime.runtime import Runtime


@dataclass(frozen=True)
class ExtractorCard:
    """All that makes two extractions comparable; it stands in every row that used them.

    Attributes:
        id: Name of the extractor.
        input_size: Side in pixels of the square input, or 0 where images enter as they are.
        value_range: Smallest and largest value of the network's input.
        feature_dim: D of the features ``[N, D]``.
        weights_sha256: SHA-256 of the weights file (hex).
        preprocess_id: Resize kernel, size and scaling in one short name.
        dtype: Arithmetic of the network (``"float32"``).
    """

    id: str
    input_size: int
    value_range: tuple[float, float]
    feature_dim: int
    weights_sha256: str
    preprocess_id: str
    dtype: str = "float32"


@dataclass(frozen=True)
class Features:
    """What one pass of an extractor gives.

    Attributes:
        features: float32 ``[N, D]``.
        logits: float32 ``[N, K]``, if the network has a classification head.
    """

    features: Tensor
    logits: Tensor | None = None


@dataclass(frozen=True)
class WeightsFile:
    """A published weights file, pinned by its hash.

    Attributes:
        name: Name for ``regene-bench weights``.
        filename: Name under which it is kept.
        url: Where its authors publish it.
        sha256: Hash that a copy must have (hex).
        size: Bytes.
    """

    name: str
    filename: str
    url: str
    sha256: str
    size: int


class FeatureExtractor(ABC):
    """Maps images to features under a declared convention.

    Class attributes:
        weights: Published files that it needs here; empty where it embeds or trains them.
        trained_on_data: Whether ``prepare`` trains it on the benchmark's images, so that its
            features mean nothing beyond that benchmark. ``Runtime.judging_weights`` then has all
            who write to a results folder judge by the same weights.
        augmented_stages: Names of the stages of that training whose batches the protocol's
            augmentation changes, for people to read.

    Attributes:
        computed_by: Packages beyond torch that compute the features, by name, with their versions.
            They stand among the packages of rows, and not on the card: how features are computed is
            free within the rounding of float32.

    Args:
        options: The protocol's ``[presets.NAME.extractors.ID]`` table for this extractor.
    """

    weights: ClassVar[tuple[WeightsFile, ...]] = ()
    trained_on_data: ClassVar[bool] = False
    augmented_stages: ClassVar[tuple[str, ...]] = ()
    computed_by: Mapping[str, str] = MappingProxyType({})

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    @abstractmethod
    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        """Load (or fetch, or train and cache) the weights; ``card`` is valid afterwards.

        Raises:
            UnavailableError: The weights are neither present nor reachable; names the remedy.
        """

    @property
    @abstractmethod
    def card(self) -> ExtractorCard:
        """What stands in every row that used this extractor; see ``ExtractorCard``."""

    @abstractmethod
    def extract(self, images: Tensor) -> Features:
        """Extract from uint8 images ``[N, C, H, W]`` on the runtime's device.

        Where several devices share the work there is an extractor for each, and theirs are called
        at once, from threads: what holds for the whole process, such as torch's precision of
        products, is not to be changed for one of them alone.
        """
