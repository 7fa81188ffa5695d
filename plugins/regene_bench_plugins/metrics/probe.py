"""The linear probe: what a linear classifier reads from a model's latents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from regene_bench.api import (
    Column,
    DeviceImages,
    Encoder,
    Evaluation,
    MethodError,
    Metric,
    Score,
    Skipped,
    share,
)

_CHUNK = 256
_STEPS = 200
_WEIGHT_DECAY = 1e-4


class Probe(Metric):
    """Test accuracy of a multinomial logistic regression on frozen latents.

    The linear layer "on top of the latent space" of ReGene's case study (Gopalakrishnan et al.
    2022, section 4; the probes of Alain and Bengio 2016). It is fitted to the latents of the real
    training images that the protocol's preset compares with, each dimension brought to mean 0 and
    variance 1, by L-BFGS with full batches and a squared penalty of 1e-4 on the weights; its
    accuracy is that on all test images, overall and per class. Where a protocol generates some
    classes only, it is of these; of one there is nothing to tell apart, and no score.

    More training images make it higher, so compare at equal numbers only.
    """

    requires: ClassVar[tuple[str, ...]] = ("encode",)
    columns = (
        Column("probe_accuracy", "higher", summary="test accuracy of a linear layer on latents"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        model, data = evaluation.model, evaluation.data
        if not isinstance(model, Encoder):
            raise MethodError("The model cannot encode.")
        train, test = evaluation.real("train"), evaluation.held_out
        if len(data.generated_labels) < 2:
            yield Skipped("probe_accuracy", "a classifier cannot learn from images of one class")
            return
        guesses = linear_probe(
            _latents(evaluation, model, train),
            train.labels,
            _latents(evaluation, model, test),
            data.shape.n_classes,
        )
        right = guesses == test.labels
        note = f"a linear layer fitted to {len(train)} latents"
        yield _score(right, note)
        for label, name in enumerate(data.class_names):
            of_class = right[test.labels == label]
            if len(of_class):
                yield _score(of_class, note, name)


def linear_probe(latents: Tensor, labels: Tensor, others: Tensor, n_classes: int) -> Tensor:
    """Fit a linear classifier to some latents and let it guess the labels of others.

    Args:
        latents: float32 ``[N, D]``.
        labels: int64 ``[N]``.
        others: float32 ``[M, D]``.
        n_classes: K.

    Returns:
        int64 ``[M]``.
    """
    with torch.inference_mode(False), torch.enable_grad():
        # Copies, since tensors made in inference mode cannot be part of a graph.
        latents, others, targets = latents.clone(), others.clone(), labels.clone()
        mean, std = latents.mean(0), latents.std(0, correction=0)
        # A dimension that never changes tells nothing; what is left of it must not be blown up.
        scale = torch.where(std > 1e-6 * std.max(), std, torch.ones_like(std))
        inputs = (latents - mean) / scale
        weight = torch.zeros(n_classes, inputs.shape[1], device=inputs.device, requires_grad=True)
        bias = torch.zeros(n_classes, device=inputs.device, requires_grad=True)
        optimizer = torch.optim.LBFGS(
            [weight, bias], max_iter=_STEPS, history_size=10, line_search_fn="strong_wolfe"
        )

        def loss() -> Tensor:
            optimizer.zero_grad()
            error = F.cross_entropy(F.linear(inputs, weight, bias), targets)
            value = error + _WEIGHT_DECAY / 2 * weight.square().sum()
            torch.autograd.backward(value)
            return value

        optimizer.step(loss)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            guesses: Tensor = F.linear((others - mean) / scale, weight, bias).argmax(1)
    return guesses


def _latents(evaluation: Evaluation, model: Encoder, images: DeviceImages) -> Tensor:
    parts, done = [], 0
    with torch.inference_mode():
        for chunk, _ in images.chunks(_CHUNK):
            evaluation.runtime.stop.check()
            parts.append(model.encode(chunk).float())
            done += len(chunk)
            evaluation.runtime.progress("encoding for the probe", done, len(images))
    return torch.cat(parts)


def _score(right: Tensor, note: str, class_name: str | None = None) -> Score:
    found = share(right)
    return Score(
        "probe_accuracy",
        found.value,
        std=found.standard_error,
        interval=found.interval,
        class_name=class_name,
        n_real=found.n,
        reference_split="test",
        note=note,
    )
