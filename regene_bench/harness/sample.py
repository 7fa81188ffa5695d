"""Asking a fitted model for its samples, and holding it to its contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.data.device_images import DeviceImages, to_uint8
from regene_bench.data.shapes import ImageShape
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.runtime.random import SampleRng
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stop import StopRequest
from regene_bench.training.capabilities import Generation, Generator

_CHUNK = 500
_TOLERANCE = 1e-4
_WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


def sample(
    model: Generator, labels: Tensor, shape: ImageShape, runtime: Runtime
) -> tuple[DeviceImages, dict[str, Tensor]]:
    """Generate one image per label, in chunks.

    Args:
        model: The fitted model.
        labels: int64 ``[N]``, sorted by class.
        shape: Shape that the images must have.
        runtime: Its seed, by way of ``SampleRng``, decides the samples.

    Returns:
        Images as uint8 with their labels (-1 where the generator does not look at labels), and
        trials by kind, int64 ``[N]`` each.

    Raises:
        MethodError: Wrong shape or dtype, values that are not finite or outside [0, 1], or labels
            that were written into.
        Interrupted: A stop was asked for.
    """
    images: list[Tensor] = []
    known: list[Tensor] = []
    trials: dict[str, list[Tensor]] = {}
    rng = SampleRng(runtime.derive_seed("samples"))
    for part, generation in generations(model, labels, shape, rng, runtime.stop):
        images.append(to_uint8(generation.images))
        known.append(part if generation.labelled else torch.full_like(part, -1))
        for kind, counts in (generation.trials or {}).items():
            trials.setdefault(kind, []).append(counts)
        runtime.progress("generating", sum(map(len, known)), len(labels))
    for kind, parts in trials.items():
        if sum(map(len, parts)) != len(labels):
            raise MethodError(f"generate gave trials[{kind!r}] for some of the samples only.")
    return (
        DeviceImages(torch.cat(images).to(labels.device), torch.cat(known)),
        {kind: torch.cat(parts).to(labels.device) for kind, parts in trials.items()},
    )


def generations(
    model: Generator, labels: Tensor, shape: ImageShape, rng: SampleRng, stop: StopRequest
) -> Iterator[tuple[Tensor, Generation]]:
    """Generate one image per label, a chunk at a time, each held to the contract.

    Args:
        model: The fitted model.
        labels: int64 ``[N]``.
        shape: Shape that the images must have.
        rng: Decides the samples; of the first one it has the index.
        stop: Looked at between chunks.

    Yields:
        The labels of a chunk and what was generated for them.

    Raises:
        MethodError: As of ``sample``.
        Interrupted: A stop was asked for.
    """
    for start in range(0, len(labels), _CHUNK):
        stop.check()
        part = labels[start : start + _CHUNK]
        # a copy: the model's author may forget that others see these labels, too
        given = part.clone()
        with kept_process_state(), torch.inference_mode():
            generation = model.generate(given, rng.at(rng.start + start))
        check_generation(generation, len(part), shape)
        if not torch.equal(given, part):
            raise MethodError(
                "generate wrote into the labels that it was given.",
                hint="Work on a copy (labels.clone()).",
            )
        yield part, generation


def check_generation(generation: object, n: int, shape: ImageShape) -> None:
    """Hold a generation to the contract of ``Generator.generate``.

    Args:
        generation: What the model returned.
        n: How many images it was asked for.
        shape: Of each image.

    Raises:
        MethodError: What is wrong, with the values found.
    """
    if not isinstance(generation, Generation):
        raise MethodError(f"generate returned a {type(generation).__name__}, not a Generation.")
    images = generation.images
    expected = (n, shape.channels, shape.height, shape.width)
    if not isinstance(images, Tensor):
        raise MethodError(f"generate gave images as a {type(images).__name__}, not as a tensor.")
    images = images.detach()
    if tuple(images.shape) != expected:
        raise MethodError(f"generate gave shape {list(images.shape)}, not {list(expected)}.")
    if not images.is_floating_point():
        raise MethodError(f"generate gave {images.dtype}, not floats in [0, 1].")
    if not bool(torch.isfinite(images).all()):
        bad = int((~torch.isfinite(images)).flatten(1).any(dim=1).sum())
        raise MethodError(f"generate gave values that are not finite in {bad} of {n} images.")
    low, high = float(images.min()), float(images.max())
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        raise MethodError(f"generate gave values from {low:.4g} to {high:.4g}, not in [0, 1].")
    if not isinstance(generation.labelled, bool):
        raise MethodError(f"labelled is {generation.labelled!r:.80}, not True or False.")
    _check_trials(generation.trials, n)


def _check_trials(trials: object, n: int) -> None:
    if trials is None:
        return
    if not isinstance(trials, Mapping) or not all(isinstance(kind, str) for kind in trials):
        raise MethodError(f"trials are a {type(trials).__name__}, not tensors by name.")
    for kind, counts in trials.items():
        whole = isinstance(counts, Tensor) and counts.dtype in _WHOLE
        if not whole or tuple(counts.shape) != (n,) or int(counts.min()) < 1:
            raise MethodError(f"trials[{kind!r}] must be int64 [{n}] with values of at least 1.")
