"""A conditional generator generates what it was asked for."""

from __future__ import annotations

from regene_bench.testing.contract import Broken, NotApplicable
from regene_bench.testing.methods.subject import (
    SHAPE,
    MethodSubject,
    draw,
    generator_of,
    sorted_labels,
)
from regene_bench.testing.separable import class_means, nearest_class

_EACH = 30
_LEAST = 0.8


def labels_are_obeyed(subject: MethodSubject) -> None:
    """Trained by its quick preset on classes that a ruler can tell apart, at least 80 % of the
    samples are of the class that was asked for.

    Mend: pass ``labels`` to the network (one-hot beside the noise, planes beside the image); see
    that ``batch.labels`` belong to ``batch.images``; give ``preset("quick", shape)`` enough images
    and a rate that learns in that time.
    """
    values = subject.method.preset("quick", SHAPE)
    model = generator_of(subject.fit(values=values))
    labels = sorted_labels(SHAPE.n_classes, _EACH)
    means = class_means(subject.data.train, SHAPE.n_classes)
    generation = draw(model, labels)
    if not generation.labelled:
        raise NotApplicable("it says itself that its samples have no labels")
    found = nearest_class(generation.images, means)
    right = float((found == labels).float().mean())
    if right < _LEAST:
        each = [float((found[labels == k] == k).float().mean()) for k in range(SHAPE.n_classes)]
        shares = ", ".join(f"{share:.0%}" for share in each)
        raise Broken(f"{right:.0%} of the samples are of their class; by class: {shares}")
