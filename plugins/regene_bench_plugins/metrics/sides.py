"""The two sides of a comparison on one extractor's features, and the rows that come of it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from regene_bench.api import Evaluation, ExtractorCard, Score, Split


@dataclass(frozen=True)
class Sides:
    """Features of real and generated images.

    Attributes:
        real: float32 ``[N, D]``.
        generated: float32 ``[M, D]``.
        card: The extractor's.
        split: Split of the real images.
    """

    real: Tensor
    generated: Tensor
    card: ExtractorCard
    split: Split

    @classmethod
    def of(cls, evaluation: Evaluation, extractor: str, reference: Split | None) -> Sides:
        """Take both sides from an evaluation.

        Raises:
            UnavailableError: The extractor's weights are not to be had.
        """
        return cls(
            evaluation.reference_features(extractor, reference).features,
            evaluation.generated_features(extractor).features,
            evaluation.card(extractor),
            reference or evaluation.reference_split,
        )

    def score(
        self,
        column: str,
        value: float,
        *,
        std: float | None = None,
        interval: tuple[float, float] | None = None,
        note: str = "",
    ) -> Score:
        """A row of this comparison."""
        return Score(
            column,
            value,
            std=std,
            interval=interval,
            n_real=len(self.real),
            n_generated=len(self.generated),
            card=self.card,
            reference_split=self.split,
            note=note,
        )


def singular_note(dimension: int, *counts: int) -> str:
    """What to know of a Fréchet distance from so few images; empty where they suffice."""
    fewest = min(counts)
    if fewest > dimension:
        return ""
    return f"{fewest} images for {dimension} dimensions: biased upwards, singular"
