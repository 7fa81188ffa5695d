"""The contract of a metric: its options, its columns, its scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from regene_bench.data.shapes import Split
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.extractor import ExtractorCard

Direction = Literal["higher", "lower", "reference", "none"]


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
        interval: 95 % confidence interval of the value within this run, if the metric has one.
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
    interval: tuple[float, float] | None = None
    class_name: str | None = None
    n_real: int | None = None
    n_generated: int | None = None
    card: ExtractorCard | None = None
    reference_split: Split | None = None
    note: str = ""


@dataclass(frozen=True)
class Skipped:
    """The total of a column that these images do not allow.

    Attributes:
        column: Name of one of the metric's columns.
        reason: Why not, in words that the row shows.
    """

    column: str
    reason: str


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
        columns: What it reports; a column that it yields no score for becomes a ``skipped`` row,
            with the reason where it yields a ``Skipped``.
        requires: What must be there, or the rows are ``skipped``: capabilities of the model, and
            ``"labels"`` where the samples must carry the labels that were asked for.
        compares_features: Whether it compares with the features of ``evaluation.real(reference)``;
            these are then extracted before the first run.
        moments_suffice: Whether it needs no more of real images than the mean and covariance of
            their features, which it takes from ``evaluation.reference_gaussian``; it can then be
            measured against precomputed statistics.

    Args:
        config: Its options; the defaults if left out.
    """

    Config: ClassVar[type[MetricConfig]] = MetricConfig
    columns: ClassVar[tuple[Column, ...]]
    requires: ClassVar[tuple[str, ...]] = ("generate",)
    compares_features: ClassVar[bool] = True
    moments_suffice: ClassVar[bool] = False

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
    def measure(self, evaluation: Evaluation) -> Iterable[Score | Skipped]:
        """Compute the scores.

        Raises:
            UnavailableError: An extractor it needs is not to be had.
        """


@dataclass(frozen=True)
class NamedMetric:
    """A metric as somebody asked for it.

    Attributes:
        name: What was written, options included: ``kid[extractor=inception]``.
        metric: The metric, made with these options.
        spellings: How extractors are looked up whose mere names, as the metric has them, mean
            those of several distributions.
    """

    name: str
    metric: Metric
    spellings: Mapping[str, str] = field(default_factory=dict)

    @property
    def lookups(self) -> tuple[str, ...]:
        """Its extractors, as they are looked up."""
        return tuple(self.spellings.get(name, name) for name in self.metric.extractors)
