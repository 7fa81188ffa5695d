"""The contract of a figure: what a study draws or tabulates from its finished runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

    from regene_bench.studies.view import StudyView


class FigureConfig(BaseModel):
    """Base of all options of figures: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Exhibit:
    """A table, or a drawing with the numbers that it shows.

    Attributes:
        name: Stem of its files; letters, digits, ``-``, ``_`` and ``.``.
        caption: What is seen, in a sentence; also the picture's text alternative.
        data: Columns of equal length; values that Arrow can hold.
        drawing: A matplotlib figure made without pyplot; ``None`` for a table.
    """

    name: str
    caption: str
    data: Mapping[str, Sequence[Any]]
    drawing: Drawing | None = None


class Figure(ABC):
    """Makes exhibits of a study.

    Class attributes:
        Config: Its options, under ``[figures.options]`` in the study's file.
    """

    Config: ClassVar[type[FigureConfig]] = FigureConfig

    def __init__(self, config: FigureConfig) -> None:
        self.config = config

    @abstractmethod
    def draw(self, views: Sequence[StudyView]) -> Iterable[Exhibit]:
        """Yield exhibits.

        Args:
            views: One a benchmark; none of them is without a run that ended well.

        Raises:
            MethodError: The runs lack what the figure needs.
            UnavailableError: An extractor's weights are not to be had.
        """
