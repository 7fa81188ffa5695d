"""What a reader must know to read the scores of samples that no protocol laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from regene_bench.leaderboard.record import ScoreRow
from regene_bench.samples.collection import Samples

_MOST_IMBALANCE = 0.05
_BETWEEN = "; "


def with_caveats(
    rows: Sequence[ScoreRow], samples: Samples, asked: np.ndarray
) -> tuple[ScoreRow, ...]:
    """Add to the note of every total what sets it apart from the scores of trained methods.

    Args:
        rows: The scores.
        samples: What was scored.
        asked: Labels int64 ``[M]`` that the protocol has its methods generate for.
    """
    return tuple(_noted(row, samples, asked) for row in rows)


def caveats_of(note: str) -> list[str]:
    """Take a row's note apart into the single caveats that ``with_caveats`` joined."""
    return note.split(_BETWEEN) if note else []


def _noted(row: ScoreRow, samples: Samples, asked: np.ndarray) -> ScoreRow:
    if row.status != "ok" or row.class_name is not None or row.n_generated is None:
        return row
    notes = [row.note]
    if len(samples) != len(asked):
        few = "fewer" if len(samples) < len(asked) else "more"
        notes.append(
            f"{len(samples)} images, {few} than the protocol's {len(asked)}: "
            f"not to be compared with scores of {len(asked)}"
        )
    if samples.labels is not None and _imbalance(samples.labels, asked) > _MOST_IMBALANCE:
        notes.append("classes in other proportions than the protocol's")
    if samples.resized_from is not None:
        old, new = samples.resized_from, samples.images.shape[2:]
        notes.append(f"images resized from {old[1]}×{old[0]} to {new[1]}×{new[0]} (bicubic)")
    # names of files may hold what separates the caveats
    notes += [note.replace(_BETWEEN, ", ") for note in samples.notes]
    return replace(row, note=_BETWEEN.join(note for note in notes if note))


def _imbalance(labels: np.ndarray, asked: np.ndarray) -> float:
    """Total variation between two distributions of labels, in [0, 1]."""
    n = int(max(labels.max(), asked.max())) + 1
    shares = [np.bincount(x, minlength=n) / len(x) for x in (labels, asked)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
