"""The same seed gives the same samples."""

from __future__ import annotations

import random

import numpy as np
import torch

from regene_bench.testing.contract import require
from regene_bench.testing.methods.subject import (
    SHAPE,
    MethodSubject,
    draw,
    generator_of,
    sorted_labels,
)


def the_same_seed_gives_the_same_samples(subject: MethodSubject) -> None:
    """Two trainings and samplings with one seed end bit-equal on a CPU, whatever the global
    random generators have been used for before.

    Mend: build networks inside ``with runtime.seeded("init"):``, train with ``train`` (its steps
    are seeded), and draw samples from ``rng``; anything else takes a local generator with
    ``runtime.derive_seed("what for")``.
    """
    labels = sorted_labels(SHAPE.n_classes, 5)
    first = draw(subject.model, labels).images
    _disturb()
    again = draw(subject.model, labels).images
    require(torch.equal(first, again), "the same model gives other samples for the same seed")
    _disturb()
    model = generator_of(subject.fit())
    difference = float((draw(model, labels).images - first).abs().max())
    require(
        difference == 0,
        f"a second training with the same seed gives other samples, off by up to {difference:.3g}",
    )


def _disturb() -> None:
    """Move every global generator on, as whatever ran before would."""
    torch.rand(7)
    np.random.random()
    random.random()
