"""What lies between the latents of two images of a class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor

from regene_bench.api import (
    Column,
    Decoder,
    Encoder,
    Evaluation,
    MethodError,
    Metric,
    Score,
    Skipped,
)
from regene_bench_plugins.metrics.latent_variable import mean_score

_PAIRS = 20
_STEPS = 10


class Interpolation(Metric):
    """How evenly images change along straight lines between latents of test images of one class.

    The measures are ours. Up to 20 pairs of each class are encoded; eleven latents at equal
    distances on the line between them are decoded. With d the Euclidean distance of two decoded
    neighbours in pixels:

    * ``interpolation_length``: the sum of the ten d over the distance of the two ends. 1 is a
      straight line in pixels, a cross-fade; much more is a detour.
    * ``interpolation_jump``: the largest d over their mean. 1 is an even pace; 10 is one jump and
      nothing else.

    Neither is better in itself: a cross-fade has 1 in both and its images in between are none of
    the class. Pairs that decode to equal images are left out.
    """

    requires: ClassVar[tuple[str, ...]] = ("encode", "decode")
    compares_features = False
    columns = (
        Column("interpolation_length", "none", summary="path in pixels over distance of its ends"),
        Column("interpolation_jump", "none", summary="largest step over the mean step"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        model, test = evaluation.model, evaluation.held_out
        if not (isinstance(model, Encoder) and isinstance(model, Decoder)):
            raise MethodError("The model cannot encode and decode.")
        lengths, jumps, equal = [], [], 0
        with torch.inference_mode():
            for label in range(evaluation.data.shape.n_classes):
                evaluation.runtime.stop.check()
                own = test.of_class(label)
                pairs = min(_PAIRS, len(own) // 2)
                if not pairs:
                    continue
                latents = model.encode(test.batch(own[: 2 * pairs]))
                images = decoded_lines(model, latents[:pairs], latents[pairs:])
                length, jump = pace(images)
                usable = torch.isfinite(length) & torch.isfinite(jump)
                equal += int((~usable).sum())
                lengths.append(length[usable])
                jumps.append(jump[usable])
        if not sum(map(len, lengths)):
            reason = "all pairs of a class decode to equal images, or no class has a pair"
            yield from (Skipped(column.name, reason) for column in self.columns)
            return
        note = f"{equal} pairs decode to equal images" if equal else ""
        yield mean_score("interpolation_length", torch.cat(lengths), note)
        yield mean_score("interpolation_jump", torch.cat(jumps), note)


def decoded_lines(decoder: Decoder, starts: Tensor, ends: Tensor) -> Tensor:
    """Decode eleven latents on each line, ``[N, D]`` to ``[N, 11, C, H, W]``."""
    places = torch.linspace(0, 1, _STEPS + 1, device=starts.device)[None, :, None]
    latents = torch.lerp(starts[:, None], ends[:, None], places)
    images = decoder.decode(latents.flatten(0, 1))
    return images.reshape(*latents.shape[:2], *images.shape[1:])


def pace(images: Tensor) -> tuple[Tensor, Tensor]:
    """Relative length and relative largest step of paths of images.

    Args:
        images: ``[N, T, ...]``.

    Returns:
        float64 ``[N]`` each; not finite where the ends are equal.
    """
    points = images.double().flatten(2)
    steps = torch.linalg.vector_norm(points[:, 1:] - points[:, :-1], dim=2)
    across = torch.linalg.vector_norm(points[:, -1] - points[:, 0], dim=1)
    return steps.sum(1) / across, steps.amax(1) / steps.mean(1)
