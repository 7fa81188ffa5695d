"""What figures show: one run of each kind, some classes, and real images to start from.

What is drawn is drawn by seed, so that figures of all runs start from the same images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from regene_bench.api import (
    Classifier,
    Decoder,
    DeviceImages,
    Encoder,
    FinishedRun,
    MethodError,
    StudyView,
    to_float,
    to_uint8,
)

_CHUNK = 256
# a class of some thousand images has enough right ones among its first
_MOST_TRIED = 2048
_PAIRS_TRIED = 8


def runs_with_encoder(view: StudyView) -> list[FinishedRun]:
    """One run of each method and set of training parameters that has an encoder.

    Raises:
        MethodError: No run has one.
    """
    firsts: dict[str, FinishedRun] = {}
    for run in view.first_of(*{run.method for run in view.runs}):
        firsts.setdefault(f"{run.method} {run.training_params}", run)
    found = [run for run in firsts.values() if isinstance(run.model, Encoder)]
    if not found:
        raise MethodError(f"No run of the study on {view.name} has an encoder.")
    return found


def chosen_classes(view: StudyView, names: Sequence[str]) -> list[int]:
    """Labels of some classes by name; the first four if none is named or none is known here.

    Classes that the protocol does not generate are left out: decoders need not have seen them.
    """
    known = {view.data.class_names[label]: label for label in view.data.generated_labels}
    return [known[name] for name in names if name in known] or list(known.values())[:4]


def neutral_agreement(view: StudyView, images: Tensor, label: int) -> list[bool]:
    """Whether the neutral classifier takes float images ``[N, C, H, W]`` for a class."""
    logits = view.features("neutral", to_uint8(images), "looking at mixtures").logits
    if logits is None:
        raise TypeError("the neutral classifier has logits")
    return [bool(found) for found in (logits.argmax(1) == label).tolist()]


def spread_evenly(images: DeviceImages, n: int) -> DeviceImages:
    """``n`` images spread evenly over a split, or all where there are fewer."""
    rows = torch.linspace(0, len(images) - 1, min(n, len(images))).round().long()
    return images.subset(rows.to(images.device))


def draw_images_of_class(view: StudyView, label: int, n: int, what: str) -> Tensor:
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


def draw_latents_of_class(
    view: StudyView, run: FinishedRun, label: int, n: int, what: str, *, fewest: int | None = None
) -> tuple[Tensor, Tensor]:
    """Training images of a class that a run may combine, and their latents.

    These are the images that the run's classifier takes for the class; all of them where the run
    combines all (``pool``), or cannot classify.

    Args:
        view: The benchmark.
        run: Has an encoder.
        label: The class.
        n: How many are drawn.
        what: Names the draw; other names draw other images.
        fewest: How many will do where the class has fewer than ``n``; ``n`` if not given.

    Returns:
        uint8 images ``[n, C, H, W]`` and float32 latents ``[n, D]``.

    Raises:
        MethodError: The class has fewer such images.
    """
    fewest = n if fewest is None else fewest
    indices = view.data.train.of_class(label)[:_MOST_TRIED]
    if run.params.get("pool") != "all" and isinstance(run.model, Classifier):
        indices = indices[_predicted(run, view.data.train.images[indices]) == label]
    if len(indices) < fewest:
        raise MethodError(
            f"{run.label} can combine only {len(indices)} images of class "
            f"{view.data.class_names[label]!r}; {fewest} are needed."
        )
    n = min(n, len(indices))
    draw = np.random.default_rng(view.runtime.derive_seed(what, label))
    rows = torch.from_numpy(draw.choice(len(indices), size=n, replace=False)).to(indices.device)
    images = view.data.train.images[indices[rows]]
    with torch.inference_mode():
        return images, run.model.encode(to_float(images))


@dataclass(frozen=True)
class Combined:
    """Two training images and what is generated from them.

    Attributes:
        sources: uint8 ``[2, C, H, W]``.
        image: The decoded mean of their latents, uint8 ``[1, C, H, W]``.
        latent: That mean, ``[1, D]``.
    """

    sources: Tensor
    image: Tensor
    latent: Tensor


def combines_latents(run: FinishedRun) -> bool:
    """Whether a run's images are decoded combinations of latents, as those of ``regene`` are.

    Others that encode and decode draw latents from a density or a prior, as do methods that could
    combine them under another ``sampler``.
    """
    return (
        "n_combined" in run.params
        and run.params.get("sampler", "convex") == "convex"
        and isinstance(run.model, Encoder)
        and isinstance(run.model, Decoder)
    )


@torch.inference_mode()
def draw_generation(view: StudyView, run: FinishedRun, label: int, what: str) -> Combined:
    """Two images of a class that a run may combine, and the decoded mean of their latents.

    It is the equal mean of two, whatever number and ratios the run combines. Of up to eight pairs,
    drawn by seed, it is the first whose decoded image the run's own classifier takes for the class
    with at least the run's threshold of confidence, as it is judged in the run; if there is none,
    the first that it takes for the class; else, and without a classifier, the first of all.

    Args:
        view: The benchmark.
        run: One that ``combines_latents``.
        label: The class.
        what: Names the draw; other names draw other images.

    Raises:
        MethodError: The run can combine fewer than two images of the class.
    """
    images, latents = draw_latents_of_class(view, run, label, 2 * _PAIRS_TRIED, what, fewest=2)
    even = len(latents) // 2 * 2
    pairs = (latents[:even:2] + latents[1:even:2]) / 2
    made = run.model.decode(pairs)
    k = 0
    if isinstance(run.model, Classifier):
        confidences = run.model.classify(made).float().softmax(1)
        taken = confidences.argmax(1) == label
        sure = taken
        thresholds = getattr(run.model, "thresholds", None)
        if thresholds is not None:
            sure = taken & (confidences[:, label] >= thresholds[label])
        # the first of the highest rank: 2 where sure, 1 where taken alone
        k = int((taken.int() + sure.int()).argmax())
    return Combined(images[2 * k : 2 * k + 2], to_uint8(made[k : k + 1]), pairs[k : k + 1])


@torch.inference_mode()
def _predicted(run: FinishedRun, images: Tensor) -> Tensor:
    parts = [run.model.classify(to_float(part)).argmax(1) for part in torch.split(images, _CHUNK)]
    return torch.cat(parts)
