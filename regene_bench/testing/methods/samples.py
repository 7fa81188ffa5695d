"""What a sample depends on: its label, its number and the seed, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from regene_bench.testing.check import Broken, NotApplicable, require
from regene_bench.testing.methods.observed import disturb
from regene_bench.testing.methods.trained import (
    SHAPE,
    MethodSubject,
    draw,
    generator_of,
    sorted_labels,
)
from regene_bench.testing.stripes import class_means, nearest_class

_BATCH_SIZES = (1, 7, 64)
# kernels may add up in another order for another batch; a saved picture does not show it
_TOLERANCE = 1e-4
_LEAST_RIGHT = 0.8
# parts of the quick preset's length; most methods learn classes so simple by the first
_EARLY = (1 / 8, 1 / 4)


def samples_do_not_depend_on_the_batch_size(subject: MethodSubject) -> None:
    """Sample ``i`` depends on its label and on ``(rng.seed, rng.start + i)`` alone: asked for in
    batches of any size, the samples are the same.

    Mend: draw noise with ``rng.normal(len(labels), …)`` or ``rng.uniform``, never with
    ``torch.randn``; put networks into evaluation mode (batch normalisation mixes a batch).
    """
    labels = sorted_labels(SHAPE.n_classes, 22)
    whole = draw(subject.model, labels).images
    for size in _BATCH_SIZES:
        parts = [
            draw(subject.model, labels[start : start + size], start=start).images
            for start in range(0, len(labels), size)
        ]
        difference = (torch.cat(parts) - whole).abs().flatten(1).amax(dim=1)
        others = (difference > _TOLERANCE).nonzero().flatten().tolist()
        if others:
            raise Broken(
                f"in batches of {size}, {len(others)} of {len(labels)} samples are others than in "
                f"one batch; the first is sample {others[0]}, off by {difference[others[0]]:.3g}"
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
    disturb()
    again = draw(subject.model, labels).images
    require(torch.equal(first, again), "the same model gives other samples for the same seed")
    if torch.equal(draw(generator_of(subject.again.model), labels).images, first):
        return
    disturb()
    model = generator_of(subject.fit())
    difference = float((draw(model, labels).images - first).abs().max())
    require(
        difference == 0,
        f"a second training with the same seed gives other samples, off by up to {difference:.3g}",
    )


def labels_are_obeyed(subject: MethodSubject) -> None:
    """Trained by its quick preset, or for a part of its length, on classes that a ruler can tell
    apart, at least 80 % of the samples are of the class that was asked for.

    Mend: pass ``labels`` to the network (one-hot beside the noise, planes beside the image); see
    that ``batch.labels`` belong to ``batch.images``; give ``preset("quick", shape)`` enough images
    and a rate that learns in that time.
    """
    quick = subject.method.preset("quick", SHAPE)
    labels = sorted_labels(SHAPE.n_classes, 30)
    for values in (shortened(quick, part) for part in _EARLY):
        if values == quick:
            break
        try:
            early = _share_right(subject, values, labels)
        except NotApplicable:
            raise
        except Exception:
            # a length that the configuration refuses, or too short to generate from: the whole of
            # it decides
            continue
        if early.mean() >= _LEAST_RIGHT:
            return
    each = _share_right(subject, quick, labels)
    if each.mean() < _LEAST_RIGHT:
        shares = ", ".join(f"{share:.0%}" for share in each.tolist())
        raise Broken(f"{each.mean():.0%} of the samples are of their class; by class: {shares}")


def _share_right(subject: MethodSubject, values: Mapping[str, Any], labels: Tensor) -> Tensor:
    """Train, draw a sample a label, and give each class's share of samples that are of it.

    Returns:
        float32 ``[K]``; all classes are asked for equally often.

    Raises:
        NotApplicable: The model does not look at labels.
    """
    generation = draw(generator_of(subject.fit(values=values)), labels)
    if not generation.labelled:
        raise NotApplicable("it says itself that its samples have no labels")
    means = class_means(subject.data.train, SHAPE.n_classes)
    right = nearest_class(generation.images, means) == labels
    return torch.stack([right[labels == k].float().mean() for k in range(SHAPE.n_classes)])


def shortened(values: Mapping[str, Any], share: float) -> dict[str, Any]:
    """Give the values of a configuration with every length of training cut to a share of it.

    Lengths are ``images``, ``epochs`` and names that end so; other values stay as they are.
    """
    return {name: _cut(name, value, share) for name, value in values.items()}


def _cut(name: str, value: Any, share: float) -> Any:
    word = name.rpartition("_")[2]
    if word == "images" and isinstance(value, int):
        return max(1, int(value * share))
    return value * share if word == "epochs" and isinstance(value, int | float) else value
