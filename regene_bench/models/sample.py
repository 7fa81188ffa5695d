"""More images of a trained model, on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from regene_bench.base.errors import ResultsError, UsageError, did_you_mean
from regene_bench.base.events import Progress, Sink, silent
from regene_bench.data.device_images import to_uint8
from regene_bench.harness.sample import generations
from regene_bench.models.forms import FORMS, LabelledImages
from regene_bench.models.layout import Drawing, labels_named, lay_out
from regene_bench.models.trained import TrainedModel
from regene_bench.runtime.stop import StopRequest

_SUFFIXES: Final = {".npz": "npz", ".parquet": "parquet", ".zip": "zip"}


@dataclass(frozen=True)
class Drawn:
    """What was written.

    Attributes:
        path: Where.
        n: How many images.
        labelled: Whether their classes are known.
    """

    path: Path
    n: int
    labelled: bool


def form_of(path: Path, form: str) -> str:
    """Choose a form: the one that is named, or else that of the path's ending.

    Raises:
        UsageError: There is no such form, or the ending is that of another.
    """
    by_ending = _SUFFIXES.get(path.suffix.lower(), "folder")
    if not form:
        return by_ending
    if form not in FORMS:
        raise UsageError(f"There is no form {form!r}.", hint=did_you_mean(form, FORMS))
    if form != by_ending:
        ending = next((end for end, name in _SUFFIXES.items() if name == form), "")
        right = path.with_suffix(ending)
        raise UsageError(
            f"{path} is not what the form {form!r} is called.",
            hint=f"Call it {right}, so that programs know what it is.",
        )
    return form


def check_free(path: Path) -> None:
    """Raise ``UsageError`` if something is at a path already."""
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} is there already.", hint="Give another name, or remove it first.")


def write_samples(
    model: TrainedModel,
    path: Path,
    *,
    form: str = "",
    n: int | None = None,
    classes: Sequence[str] = (),
    seed: int | None = None,
    emit: Sink = silent,
    stop: StopRequest | None = None,
) -> Drawn:
    """Draw images of a model and write them.

    Args:
        model: From ``load``.
        path: Where to; nothing may be there.
        form: ``folder``, ``npz``, ``parquet`` or ``zip``; that of the path's ending if empty.
        n: How many, in the run's own proportions; as many as the run drew if ``None``.
        classes: Names or numbers of the wanted ones; all that the run drew if empty.
        seed: Of the samples; the run's own, and with it the run's own images, if ``None``.
        emit: Takes progress events.
        stop: Looked at between chunks.

    Returns:
        What was written.

    Raises:
        UsageError: There is no such form or class, or the path is taken.
        MethodError: The model cannot generate, or breaks its contract.
        ResultsError: The disk is full, or the folder cannot be written to.
        Interrupted: A stop was asked for; nothing is left behind.
    """
    chosen = form_of(path, form)
    check_free(path)
    samples = draw(model, n, classes, seed=seed, emit=emit, stop=stop)
    labels = samples.wanted.numpy() if samples.labelled else None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        FORMS[chosen](LabelledImages(samples.pixels, labels, model.class_names), path)
    except OSError as error:
        raise ResultsError(
            f"Cannot write {path}: {error.strerror or error}.",
            hint="Free disk space, or give another place; nothing was left there.",
        ) from error
    return Drawn(path, len(samples.pixels), samples.labelled)


@dataclass(frozen=True)
class Samples:
    """Samples of a model.

    Attributes:
        pixels: uint8 ``[N, H, W, C]``.
        wanted: int64 ``[N]``, sorted: the labels that they were drawn for.
        labelled: Whether the model looks at labels.
    """

    pixels: np.ndarray
    wanted: Tensor
    labelled: bool


def draw(
    model: TrainedModel,
    n: int | None = None,
    classes: Sequence[str] = (),
    *,
    seed: int | None = None,
    emit: Sink = silent,
    stop: StopRequest | None = None,
) -> Samples:
    """Draw images of a model; arguments and errors as of ``write_samples``."""
    model.require("generate")
    drawing = _drawing(model, n, classes)
    shape = model.shape
    total = len(drawing.indices)
    try:
        images = torch.empty((total, shape.channels, shape.height, shape.width), dtype=torch.uint8)
    except RuntimeError as error:  # torch's own word for too little memory
        raise UsageError(
            f"{total} images do not fit into memory.",
            hint="Draw them in parts: other seeds (--seed) give other images.",
        ) from error
    labelled, done, rng = True, 0, model.rng(seed)
    for positions, first in drawing.spans():
        labels = drawing.labels[positions].to(model.device)
        begun = 0
        for part, generation in generations(
            model.raw, labels, shape, rng.at(first), stop or StopRequest()
        ):
            where = positions[begun : begun + len(part)]
            images[where] = to_uint8(generation.images).cpu()
            labelled = labelled and generation.labelled
            begun, done = begun + len(part), done + len(part)
            emit(Progress("generating", done, total, "images", {}))
    pixels: np.ndarray = images.permute(0, 2, 3, 1).contiguous().numpy()
    return Samples(pixels, drawing.labels, labelled)


def _drawing(model: TrainedModel, n: int | None, classes: Sequence[str]) -> Drawing:
    per_class = model.description.samples_per_class
    chosen = labels_named(classes, model.class_names) if classes else None
    missing = [model.class_names[c] for c in chosen or () if not per_class[c]]
    if missing:
        drawn = [name for name, count in zip(model.class_names, per_class, strict=True) if count]
        raise UsageError(
            f"{model.description.protocol.name} draws no samples of {missing[0]!r}.",
            hint="It draws those of " + ", ".join(drawn) + ".",
        )
    if n is not None and n < 1:
        raise UsageError(f"Cannot draw {n} images.", hint="Give a whole number from 1.")
    return lay_out(per_class, n, chosen)
