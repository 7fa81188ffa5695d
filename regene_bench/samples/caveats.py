"""What a reader must know to read the scores of samples that no protocol laid out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from regene_bench.leaderboard.record import ScoreRow
from regene_bench.samples.collection import Samples

_MOST_IMBALANCE = 0.05
_MOST_NAMES = 5
_BETWEEN = "; "


def with_caveats(
    rows: Sequence[ScoreRow], samples: Samples, asked: np.ndarray, class_names: Sequence[str] = ()
) -> tuple[ScoreRow, ...]:
    """Add to the note of every total what sets it apart from the scores of trained methods.

    Args:
        rows: The scores.
        samples: What was scored.
        asked: Labels int64 ``[M]`` that the protocol has its methods generate for.
        class_names: K names in label order; without them classes go by their numbers.
    """
    caveats = _caveats(samples, asked, class_names)
    return tuple(_noted(row, caveats) for row in rows)


def caveats_of(note: str) -> list[str]:
    """Take a row's note apart into the single caveats that ``with_caveats`` joined."""
    return note.split(_BETWEEN) if note else []


def with_notes(row: ScoreRow, notes: Sequence[str]) -> ScoreRow:
    """Add caveats to a row, behind those that it has."""
    # names of files may hold what separates the caveats
    added = [note.replace(_BETWEEN, ", ") for note in notes]
    return replace(row, note=_BETWEEN.join(note for note in (row.note, *added) if note))


def _noted(row: ScoreRow, caveats: Sequence[str]) -> ScoreRow:
    if row.status != "ok" or row.class_name is not None or row.n_generated is None:
        return row
    return replace(row, note=_BETWEEN.join(note for note in (row.note, *caveats) if note))


def _caveats(samples: Samples, asked: np.ndarray, class_names: Sequence[str]) -> list[str]:
    notes = []
    if len(samples) != len(asked):
        few = "fewer" if len(samples) < len(asked) else "more"
        notes.append(
            f"{len(samples)} images, {few} than the protocol's {len(asked)}: "
            f"not to be compared with scores of {len(asked)}"
        )
    if samples.labels is not None and _imbalance(samples.labels, asked) > _MOST_IMBALANCE:
        notes.append("classes in other proportions than the protocol's")
    if samples.labels is not None and (alone := _alone(samples.labels, class_names)):
        notes.append(alone)
    if few := _copies(samples.images):
        notes.append(few)
    if samples.resized_from is not None:
        height, width = samples.images.shape[2:]
        notes.append(f"images resized from {samples.sizes_before} to {width}×{height} (bicubic)")
    # names of files may hold what separates the caveats
    return notes + [note.replace(_BETWEEN, ", ") for note in samples.notes]


def _alone(labels: np.ndarray, class_names: Sequence[str]) -> str:
    """Name the classes that have a single image, which says nothing of how a class varies."""
    counts = np.bincount(labels)
    alone, given = np.flatnonzero(counts == 1), int((counts > 0).sum())
    if not len(alone):
        return ""
    if len(alone) == given:
        return "a single image of each class"
    names = [class_names[label] if class_names else str(label) for label in alone[:_MOST_NAMES]]
    more = f" and {len(alone) - len(names)} more" if len(alone) > len(names) else ""
    return f"a single image of {len(alone)} of {given} classes ({', '.join(names)}{more})"


def _copies(images: np.ndarray) -> str:
    """Say how few images there are, if half of them or more are copies of others."""
    distinct = len({hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images})
    if distinct == 1 < len(images):
        return f"all {len(images)} images are the same"
    if distinct > len(images) / 2:
        return ""
    return f"only {distinct} of {len(images)} images differ, the others are copies of them"


def _imbalance(labels: np.ndarray, asked: np.ndarray) -> float:
    """Total variation between two distributions of labels, in [0, 1]."""
    n = int(max(labels.max(), asked.max())) + 1
    shares = [np.bincount(x, minlength=n) / len(x) for x in (labels, asked)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
