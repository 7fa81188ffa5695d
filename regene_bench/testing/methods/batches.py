"""Sample i is sample i, whatever it is generated with."""

from __future__ import annotations

import torch

from regene_bench.testing.contract import Broken
from regene_bench.testing.methods.subject import SHAPE, MethodSubject, draw, sorted_labels

_EACH = 22
_SIZES = (1, 7, 64)
# kernels may add up in another order for another batch; a saved picture does not show it
_TOLERANCE = 1e-4


def samples_do_not_depend_on_the_batch_size(subject: MethodSubject) -> None:
    """Sample ``i`` depends on its label and on ``(rng.seed, rng.start + i)`` alone: asked for in
    batches of any size, the samples are the same.

    Mend: draw noise with ``rng.normal(len(labels), …)`` or ``rng.uniform``, never with
    ``torch.randn``; put networks into evaluation mode (batch normalisation mixes a batch).
    """
    labels = sorted_labels(SHAPE.n_classes, _EACH)
    whole = draw(subject.model, labels).images
    for size in _SIZES:
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
