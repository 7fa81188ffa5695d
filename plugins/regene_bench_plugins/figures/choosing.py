"""Which real images figures start from: drawn by seed, and right to the model where it can tell."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from regene_bench.api import Classifier, FinishedRun, MethodError, StudyView, to_float

_CHUNK = 256
# a class of some thousand images has enough right ones among its first
_MOST_TRIED = 2048


def chosen_images(view: StudyView, label: int, n: int, what: str) -> Tensor:
    """Draw ``n`` training images of a class without repetition, the same for every run.

    Args:
        view: The benchmark.
        label: The class.
        n: How many.
        what: Names the draw; other names draw other images.

    Returns:
        uint8 ``[n, C, H, W]``.

    Raises:
        MethodError: The class has fewer.
    """
    indices = view.data.train.of_class(label)
    name = view.data.class_names[label]
    if len(indices) < n:
        raise MethodError(f"Class {name!r} has {len(indices)} training images, not {n}.")
    draw = np.random.default_rng(view.runtime.derive_seed(what, label))
    rows = draw.choice(len(indices), size=n, replace=False)
    return view.data.train.images[indices[torch.from_numpy(rows).to(indices.device)]]


def latents_of_class(
    view: StudyView, run: FinishedRun, label: int, n: int, what: str
) -> tuple[Tensor, Tensor]:
    """Training images of a class that the run's classifier takes for that class, and their latents.

    A model that cannot classify takes them all.

    Returns:
        uint8 images ``[n, C, H, W]`` and float32 latents ``[n, D]``.

    Raises:
        MethodError: The class has fewer such images.
    """
    indices = view.data.train.of_class(label)[:_MOST_TRIED]
    if isinstance(run.model, Classifier):
        indices = indices[_predicted(run, view.data.train.images[indices]) == label]
    if len(indices) < n:
        raise MethodError(
            f"{run.label} takes only {len(indices)} images of class "
            f"{view.data.class_names[label]!r} for that class; {n} are needed."
        )
    draw = np.random.default_rng(view.runtime.derive_seed(what, label))
    rows = torch.from_numpy(draw.choice(len(indices), size=n, replace=False)).to(indices.device)
    images = view.data.train.images[indices[rows]]
    with torch.inference_mode():
        return images, run.model.encode(to_float(images))


@torch.inference_mode()
def _predicted(run: FinishedRun, images: Tensor) -> Tensor:
    parts = [run.model.classify(to_float(part)).argmax(1) for part in torch.split(images, _CHUNK)]
    return torch.cat(parts)
