"""A row's scores computed again by other libraries, from the same images and weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch

from regene_bench.base.errors import UnavailableError
from regene_bench.data.shapes import Split
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.inception_score import count_splits
from regene_bench.leaderboard.record import ScoreRow
from regene_bench.plan.weights import obtain_weights
from regene_bench.plugins.entries import OWN_DISTRIBUTION
from regene_bench.plugins.host import PluginHost
from regene_bench.samples.parity.clean_fid_features import clean_fid_features
from regene_bench.samples.parity.libraries import LIBRARIES, Library, Sides

KINDS = {
    "fid": "fd",
    "fd": "fd",
    "fd_efficientnet_lite0": "fd",
    "kid": "kid",
    "inception_score": "inception_score",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
}
"""What other libraries can compute, by column."""
RELATIVE = {"fd": 1e-3, "kid": 1e-3, "inception_score": 1e-4}
"""Share of a value by which another library's may differ."""
ABSOLUTE = {
    "fd": 1e-3,
    "kid": 1e-5,
    "precision": 2e-3,
    "recall": 2e-3,
    "density": 2e-3,
    "coverage": 2e-3,
}
"""The same in units of the value, if that is more: distances may be zero, and shares have ties."""
_INCEPTION = "inception"
_SCORE = "inception_score"
_CLEAN_FID = "clean-fid"


@dataclass(frozen=True)
class Line:
    """A score beside what a library makes of the same images.

    Attributes:
        row: The score.
        library: Name and version.
        features: Whose features of the images it was given: ``ours``, or ``clean-fid``'s, which
            are of clean-fid's own resizing and network.
        value: What it found, or ``None``.
        note: Why it found nothing.
    """

    row: ScoreRow
    library: str
    features: str = "ours"
    value: float | None = None
    note: str = ""

    @property
    def kind(self) -> str:
        return KINDS[self.row.metric]

    @property
    def difference(self) -> float | None:
        """Theirs less ours."""
        if self.value is None or self.row.value is None:
            return None
        return self.value - self.row.value

    @property
    def tolerance(self) -> float:
        """By how much the two may differ."""
        share = RELATIVE.get(self.kind, 0.0) * abs(self.row.value or 0.0)
        return max(share, ABSOLUTE.get(self.kind, 0.0))

    @property
    def agrees(self) -> bool | None:
        """Whether they differ by no more; ``None`` where nothing was found."""
        return None if self.difference is None else abs(self.difference) <= self.tolerance


def checkable(rows: Sequence[ScoreRow]) -> list[ScoreRow]:
    """Those totals that other libraries can compute."""
    return [
        row
        for row in rows
        if row.status == "ok"
        and row.class_name is None
        and row.metric in KINDS
        and row.extractor_id
    ]


def recompute(
    rows: Sequence[ScoreRow],
    evaluation: Evaluation,
    host: PluginHost,
    libraries: Sequence[Library] = LIBRARIES,
) -> Iterator[Line]:
    """Compute scores again, as soon as each is known.

    Scores on Inception are computed from clean-fid's own features of the images; those of other
    extractors from ours, since these networks are no other library's, and inception scores from
    our logits.

    Args:
        rows: The scores of a run or of samples.
        evaluation: Of the same images.
        host: Knows the extractors.
        libraries: Whom to ask; those that are not installed are passed over.

    Raises:
        Interrupted: A stop was asked for.
    """
    groups: dict[tuple[str, str | None], list[ScoreRow]] = {}
    for row in checkable(rows):
        groups.setdefault((row.extractor_id or "", row.reference_split), []).append(row)
    installed = [library for library in libraries if library.installed]
    for own in groups.values():
        why = _why_not(own[0], evaluation)
        if why:
            yield from (Line(row, "", note=why) for row in own)
            continue
        asked = frozenset(KINDS[row.metric] for row in own)
        able = [library for library in installed if library.kinds & asked]
        if not able:
            continue
        # an inception score is of our logits, and compares with no real images
        sides, features = _sides(own[0], evaluation, host, of_features=asked != {_SCORE})
        for library in able:
            wanted = asked & library.kinds
            evaluation.runtime.stop.check()
            found = library.compute(sides, wanted)
            for row in own:
                value = found.get(KINDS[row.metric])
                if value is not None:
                    whose = "ours" if KINDS[row.metric] == _SCORE else features
                    yield Line(row, library.title, whose, value)


def _why_not(row: ScoreRow, evaluation: Evaluation) -> str:
    """Why scores of an extractor cannot be checked here; empty if they can."""
    assert row.extractor_id is not None
    try:
        card = evaluation.card(row.extractor_id)
    except UnavailableError as error:
        return f"{row.extractor_id} is unavailable here: {error}"
    if card.weights_sha256 != row.weights_sha256:
        return f"{row.extractor_id} has other weights here than the row's"
    return ""


def _sides(
    row: ScoreRow, evaluation: Evaluation, host: PluginHost, *, of_features: bool
) -> tuple[Sides, str]:
    """The features that libraries are given, and whose they are."""
    extractor, split = row.extractor_id or "", cast("Split | None", row.reference_split)
    generated = evaluation.generated_features(extractor)
    splits = count_splits(
        len(generated.features), len(torch.unique(evaluation.comparison.labels)), 10
    )
    logits = None if generated.logits is None else generated.logits.double().cpu()
    if not of_features:
        nothing = generated.features.new_zeros(0)
        return Sides(nothing, nothing, logits, splits or 1), "ours"
    if extractor == _INCEPTION and _clean_fid_is_there():
        weights = obtain_weights(
            host.find("feature_extractor", extractor, home=OWN_DISTRIBUTION).load().weights[0]
        )
        runtime = evaluation.runtime
        both = []
        for what, images in (
            ("real", evaluation.real(split).images),
            ("generated", evaluation.generated.images),
        ):

            def between(done: int, total: int, what: str = what) -> None:
                runtime.stop.check()
                runtime.progress(f"{what} images by clean-fid", done, total)

            both.append(clean_fid_features(images, weights, between))
        return Sides(both[0], both[1], logits, splits or 1), _CLEAN_FID
    real = evaluation.reference_features(extractor, split).features
    both = [side.double().cpu() for side in (real, generated.features)]
    return Sides(both[0], both[1], logits, splits or 1), "ours"


def _clean_fid_is_there() -> bool:
    return next(library for library in LIBRARIES if library.name == _CLEAN_FID).installed
