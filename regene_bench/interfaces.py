"""The contracts between the core and its plugins.

The four kinds of plugin with behaviour of their own (``Method``, ``Metric``, ``FeatureExtractor``,
``DatasetSource``) have thin base classes, so that a wrong registration is found when it is looked
up and not in the middle of a run. What a fitted model can do stands in ``capabilities``.

Images are float32 ``[N, C, H, W]`` in [0, 1] unless a docstring says uint8.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from regene_bench.data.dataset import BenchmarkData
    from regene_bench.evaluation.evaluation import Evaluation
    from regene_bench.runtime import Runtime

Preset = Literal["quick", "standard", "paper"]
PRESETS: tuple[Preset, ...] = ("quick", "standard", "paper")
Split = Literal["train", "test"]
Direction = Literal["higher", "lower", "reference", "none"]


@dataclass(frozen=True)
class ImageShape:
    """What a network needs to know of a benchmark's images; known before any data is read."""

    channels: int
    height: int
    width: int
    n_classes: int


class Augmentation(BaseModel):
    """The ``[augmentation]`` table of a protocol: what is done to a classifier's training batches.

    Attributes:
        horizontal_flip: Mirror each image with probability one half.
        crop_padding: Pad by this many pixels (reflected) and crop back at a random offset.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    horizontal_flip: bool = False
    crop_padding: int = Field(default=0, ge=0, le=64)


# --- data sources -----------------------------------------------------------------------------


@dataclass(frozen=True)
class ImageSet:
    """One split of a data set as it comes from a source.

    Attributes:
        images: uint8 ``[N, C, H, W]``.
        labels: int64 ``[N]`` in [0, K).
        class_names: K names, in label order.
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class SourceRequest:
    """What a benchmark asks of a data source.

    Attributes:
        name: Name under which the data set is looked for in the data folders.
        shape: Shape of the decoded images.
        roots: Folders to look in, nearest first (``--data``, ``$REGENE_BENCH_DATA``, the cache).
        download_dir: Where a download is kept.
        options: The ``[data.options]`` table of the protocol.
    """

    name: str
    shape: ImageShape
    roots: tuple[Path, ...]
    download_dir: Path
    options: Mapping[str, Any]


class DatasetSource(ABC):
    """Finds, fetches and decodes one data set. ``prepare`` is apart from ``load``."""

    def __init__(self, request: SourceRequest) -> None:
        self.request = request

    @abstractmethod
    def prepare(self) -> None:
        """Make the data present on this machine: find it, or fetch and verify it.

        Raises:
            DataError: It is not there and cannot be fetched; says where it was looked for and how
                to get it.
        """

    @abstractmethod
    def load(self, split: Split) -> ImageSet:
        """Decode one split.

        Raises:
            DataError: A file is corrupt; the message names it.
        """

    def files(self) -> Iterable[Path]:
        """The files that ``load`` reads, once prepared: they key the cache of decoded pixels."""
        return ()


# --- methods ------------------------------------------------------------------------------------


class MethodConfig(BaseModel):
    """Base of all method configurations: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Method(ABC):
    """Trains one model from a validated configuration.

    Class attributes:
        version: Raise it when results change; it is part of the run id.
        Config: The configuration's pydantic model.
        is_reference: True for a row that others are read against (real images); it is not ranked.
    """

    version: ClassVar[str] = "1"
    Config: ClassVar[type[MethodConfig]] = MethodConfig
    is_reference: ClassVar[bool] = False

    def __init__(self, config: MethodConfig) -> None:
        self.config = config

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """Return the configuration values that a preset sets for images of this shape."""
        return {}

    @abstractmethod
    def fit(self, data: BenchmarkData, runtime: Runtime) -> object:
        """Train and return a model with any of the capabilities.

        Trains on ``data.train``. ``data.test`` is there for what a method's paper takes from
        held-out images (ReGene's confidence thresholds), not for training.
        """

    @classmethod
    def fit_batch(
        cls, configs: list[MethodConfig], data: BenchmarkData, runtimes: list[Runtime]
    ) -> list[object]:
        """Train several models together; each must equal the model of its own ``fit``.

        Optional: override it where training together is faster (sweeps of small models).
        """
        return [cls(c).fit(data, r) for c, r in zip(configs, runtimes, strict=True)]


# --- feature extractors -------------------------------------------------------------------------


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

    Args:
        options: The protocol's ``[presets.NAME.extractors.ID]`` table for this extractor.
    """

    weights: ClassVar[tuple[WeightsFile, ...]] = ()

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
        """The convention of this extractor."""

    @abstractmethod
    def extract(self, images: Tensor) -> Features:
        """Extract from uint8 images ``[N, C, H, W]`` on the runtime's device."""


# --- metrics --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """One number that a metric reports.

    Attributes:
        name: Column name on leaderboards.
        direction: Which way is better; ``"reference"`` where the value of real images is best and
            to pass it is no gain; ``"none"`` where there is no better.
        unit: Physical or statistical unit, empty for a plain number.
        summary: One line for ``regene-bench list metrics``.
    """

    name: str
    direction: Direction
    unit: str = ""
    summary: str = ""


@dataclass(frozen=True)
class Score:
    """One measured value with what makes it comparable.

    Attributes:
        column: Name of one of the metric's columns.
        value: The number.
        std: Spread within this run (over splits or subsets), if the metric has one.
        class_name: The class for a per-class score.
        n_real: Real images used.
        n_generated: Generated or reconstructed images used.
        card: The extractor's card, if features or logits were used.
        reference_split: Split of the real images.
        note: Anything a reader must know to read the number right.
    """

    column: str
    value: float
    std: float | None = None
    class_name: str | None = None
    n_real: int | None = None
    n_generated: int | None = None
    card: ExtractorCard | None = None
    reference_split: Split | None = None
    note: str = ""


class MetricConfig(BaseModel):
    """Base of all metrics' options (``kid[extractor=inception]``); unknown keys are errors.

    A leaderboard tells the options of its columns apart only as far as the rows say them: by
    extractor and reference split. Whatever else a metric chooses is a constant of it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class Metric(ABC):
    """Measures one or more columns from an evaluation.

    Class attributes:
        Config: The pydantic model of its options.
        columns: What it reports; a column that it yields no score for becomes a ``skipped`` row.
        requires: What must be there, or the rows are ``skipped``: capabilities of the model, and
            ``"labels"`` where the samples must carry the labels that were asked for.

    Args:
        config: Its options; the defaults if left out.
    """

    Config: ClassVar[type[MetricConfig]] = MetricConfig
    columns: ClassVar[tuple[Column, ...]]
    requires: ClassVar[tuple[str, ...]] = ("generate",)

    def __init__(self, config: MetricConfig | None = None) -> None:
        self.config = self.Config() if config is None else config

    @property
    def extractors(self) -> tuple[str, ...]:
        """Names of the feature extractors it uses; they are prepared before the first run."""
        return ()

    @property
    def reference(self) -> Split | None:
        """The split it compares with, if its options name one."""
        return None

    @abstractmethod
    def measure(self, evaluation: Evaluation) -> Iterable[Score]:
        """Compute the scores.

        Raises:
            UnavailableError: An extractor it needs is not to be had.
        """
