"""Generations of generations: what is generated is combined again (ReGene, section 6.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from regene_bench.api import Generation, MethodError, SampleRng, derive_seed
from regene_bench_plugins.methods.regene.candidates import UsedCombinations
from regene_bench_plugins.methods.regene.convex import (
    ConvexWeights,
    LatentPool,
    combine_without_repeats,
)


class LatentGenerator(Protocol):
    """A model that can encode, decode, and generate with latents."""

    def encode(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to latents ``[N, D]``."""
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """Map latents ``[N, D]`` to images ``[N, C, H, W]`` in [0, 1]."""
        ...

    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Generate one image per label."""
        ...


@dataclass(frozen=True)
class Level:
    """One generation in both lines of descent; both lines begin with the same.

    Attributes:
        siblings: Of combined latents of the siblings before them (the paper's "from LS").
        children: Of combined latents that the classifier finds in the images of the children
            before them (the paper's "from Recon").
    """

    siblings: Generation
    children: Generation


def generations_of_generations(
    model: LatentGenerator,
    labels: Tensor,
    levels: int,
    rng: SampleRng,
    *,
    weights: ConvexWeights | None = None,
    class_names: Sequence[str] = (),
) -> list[Level]:
    """Generate, and generate again from what was generated.

    The first level is what the model generates. Each further one combines latents of the level
    before it, within the classes of ``labels``, without judging: in the line of siblings the
    combined latents themselves, in the line of children latents of their decoded images, so that
    what decoder and encoder lose adds up.

    Args:
        model: A fitted model whose generations have latents.
        labels: int64 ``[N]``; a class that is wanted must be wanted often enough to be combined.
        levels: How many, at least 1.
        rng: Decides all levels. What is drawn in levels after the first depends on the whole of
            ``labels``, since they are what is combined.
        weights: How latents are combined; two at equal shares if not given.
        class_names: For messages.

    Returns:
        ``levels`` levels of ``[N]`` images each.

    Raises:
        MethodError: The model's generations have no latents, or a class is wanted less often than
            combinations of it need.
    """
    weights = weights or ConvexWeights.uniform(2)
    first = model.generate(labels, rng)
    if first.latents is None:
        raise MethodError("This model's generations have no latents to combine again.")
    found = [Level(first, first)]
    for level in range(2, levels + 1):
        before = found[-1]
        siblings = before.siblings.latents
        assert siblings is not None
        found.append(
            Level(
                _next_generation(
                    model,
                    siblings,
                    labels,
                    weights,
                    _level_rng(rng, "siblings", level),
                    class_names,
                ),
                _next_generation(
                    model,
                    model.encode(before.children.images),
                    labels,
                    weights,
                    _level_rng(rng, "children", level),
                    class_names,
                ),
            )
        )
    return found


def _level_rng(rng: SampleRng, line: str, level: int) -> SampleRng:
    return SampleRng(derive_seed(rng.seed, line, level), rng.start)


@torch.inference_mode()
def _next_generation(
    model: LatentGenerator,
    latents: Tensor,
    labels: Tensor,
    weights: ConvexWeights,
    rng: SampleRng,
    class_names: Sequence[str],
) -> Generation:
    names = list(class_names) or [str(label) for label in range(int(labels.max()) + 1)]
    pool = LatentPool.of(latents, labels, len(names))
    for label in torch.unique(labels).tolist():
        if pool.size(label) < weights.n:
            raise MethodError(
                f"Class {names[label]!r} has {pool.size(label)} generations; combinations of "
                f"{weights.n} need at least {weights.n}.",
                hint="Generate more images of each class.",
            )
    combined = combine_without_repeats(pool, labels, weights, rng, UsedCombinations(), names)
    return Generation(model.decode(combined), combined)
