"""Convex combinations of latents of one class, with or without judging.

Section 6.2 of Gopalakrishnan et al. 2022: a new latent is the mean of n latents of training images
of one class. ReGene judges each candidate twice and draws again until one passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from regene_bench.api import MethodError, SampleRng

STREAM = "convex combination"


@dataclass(frozen=True)
class LatentPool:
    """Latents that may be combined, sorted by class.

    Attributes:
        latents: float32 ``[M, D]``.
        offsets: int64 ``[K + 1]`` on the host: class ``c`` has rows ``offsets[c]`` to
            ``offsets[c + 1]``.
    """

    latents: Tensor
    offsets: np.ndarray

    @classmethod
    def of(cls, latents: Tensor, labels: Tensor, n_classes: int) -> LatentPool:
        """Sort latents ``[M, D]`` by their labels ``[M]``; order within a class is kept."""
        order = torch.argsort(labels, stable=True)
        counts = torch.bincount(labels, minlength=n_classes).cpu().numpy()
        return cls(latents[order], np.concatenate([[0], np.cumsum(counts)]))

    def size(self, label: int) -> int:
        """How many latents a class has."""
        return int(self.offsets[label + 1] - self.offsets[label])

    def require(self, n: int, class_names: Sequence[str], what: str) -> None:
        """Check that each class has at least ``n`` latents.

        Raises:
            MethodError: One has fewer; names it and what it has too few of.
        """
        for label, name in enumerate(class_names):
            if self.size(label) < n:
                raise MethodError(
                    f"Class {name!r} has {self.size(label)} {what}; "
                    f"combinations of {n} need at least {n}.",
                    hint="Train longer, combine fewer (n_combined), or give the class more images.",
                )

    def draw(self, label: int, n: int, generator: np.random.Generator) -> np.ndarray:
        """Draw ``n`` different rows of a class, int64 ``[n]``."""
        rows = generator.choice(self.size(label), size=n, replace=False)
        return np.asarray(rows + self.offsets[label], dtype=np.int64)

    def combine(self, rows: np.ndarray) -> Tensor:
        """Average latents uniformly: rows int64 ``[N, n]`` to ``[N, D]``."""
        members = torch.from_numpy(rows).to(self.latents.device)
        total = self.latents[members[:, 0]]
        for column in range(1, members.shape[1]):
            total = total + self.latents[members[:, column]]
        return total / members.shape[1]


def combine_once(pool: LatentPool, labels: Tensor, n: int, rng: SampleRng) -> Tensor:
    """One combination per label ``[N]`` without judging, ``[N, D]``."""
    wanted = labels.tolist()
    rows = [pool.draw(label, n, rng.numpy(i, STREAM)) for i, label in enumerate(wanted)]
    return pool.combine(np.stack(rows))


class Judge(Protocol):
    """The two steps of section 6.2, each row by row."""

    def accepts_latents(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Tell for latents ``[N, D]`` whether the head puts them in their class, bool ``[N]``."""
        ...

    def accepts_images(self, latents: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Decode and classify again: bool ``[N]`` and images ``[N, C, H, W]``."""
        ...

    def describe(self, label: int) -> str:
        """Name a class and what an image of it must reach, for an error message."""
        ...


@dataclass(frozen=True)
class Judged:
    """Valid combinations and what they took.

    Attributes:
        latents: float32 ``[N, D]``.
        images: float32 ``[N, C, H, W]`` in [0, 1].
        latent_trials: int64 ``[N]``, candidates until the first that passed step 1.
        image_trials: int64 ``[N]``, candidates until the first that passed both steps.
    """

    latents: Tensor
    images: Tensor
    latent_trials: Tensor
    image_trials: Tensor


class _Samples:
    """The state of all samples while their candidates are judged in rounds."""

    def __init__(self, labels: list[int], rng: SampleRng) -> None:
        self.labels = labels
        self.streams = [rng.numpy(i, STREAM) for i in range(len(labels))]
        self.tried = [0] * len(labels)
        self.latent_trials = [0] * len(labels)
        self.image_trials = [0] * len(labels)


def combine_judged(
    pool: LatentPool,
    labels: Tensor,
    n: int,
    rng: SampleRng,
    judge: Judge,
    *,
    max_trials: int,
    width: int,
) -> Judged:
    """Draw candidates for each label until one passes both steps.

    Sample ``i`` has a stream of candidates of its own and takes the first valid one, so the counts
    are those of drawing one by one. What is done together is the judging: each round takes the next
    few candidates of every sample that has none yet, about ``width`` in all.

    Args:
        pool: Where latents come from.
        labels: int64 ``[N]``.
        n: Latents in a combination.
        rng: Source of the streams.
        judge: The two steps.
        max_trials: Candidates for one sample before giving up.
        width: Candidates judged together when few samples are left.

    Raises:
        MethodError: A sample found none in ``max_trials``; names its class and threshold.
    """
    samples = _Samples(labels.tolist(), rng)
    pending = list(range(len(samples.labels)))
    found: list[tuple[list[int], Tensor, Tensor]] = []
    while pending:
        each = max(1, width // len(pending))
        owners, trials, latents = _next_candidates(pool, samples, pending, n, each, max_trials)
        wanted = torch.tensor([samples.labels[i] for i in owners], device=labels.device)
        passed = torch.nonzero(judge.accepts_latents(latents, wanted)).flatten()
        for position in passed.tolist():
            i = owners[position]
            samples.latent_trials[i] = samples.latent_trials[i] or trials[position]
        if len(passed):
            good, images = judge.accepts_images(latents[passed], wanted[passed])
            firsts: dict[int, int] = {}
            accepted = good.tolist()
            for k, position in enumerate(passed.tolist()):
                if accepted[k] and owners[position] not in firsts:
                    firsts[owners[position]] = k
                    samples.image_trials[owners[position]] = trials[position]
            if firsts:
                rows = torch.tensor(list(firsts.values()), device=labels.device)
                found.append((list(firsts), latents[passed][rows], images[rows]))
        pending = [i for i in pending if samples.image_trials[i] == 0]
        for i in pending:
            if samples.tried[i] >= max_trials:
                raise MethodError(
                    f"No valid combination in {max_trials} trials for "
                    f"{judge.describe(samples.labels[i])}.",
                    hint="Train the decoder longer, or raise max_trials.",
                )
    return _in_order(samples, found, labels)


def _next_candidates(
    pool: LatentPool,
    samples: _Samples,
    pending: list[int],
    n: int,
    each: int,
    max_trials: int,
) -> tuple[list[int], list[int], Tensor]:
    """Draw the next candidates: whose each is, its number in that sample's row, and its latent."""
    owners, trials, rows = [], [], []
    for i in pending:
        for _ in range(min(each, max_trials - samples.tried[i])):
            samples.tried[i] += 1
            owners.append(i)
            trials.append(samples.tried[i])
            rows.append(pool.draw(samples.labels[i], n, samples.streams[i]))
    return owners, trials, pool.combine(np.stack(rows))


def _in_order(
    samples: _Samples, found: list[tuple[list[int], Tensor, Tensor]], labels: Tensor
) -> Judged:
    """Put what the rounds found into the order of the samples."""
    order = torch.argsort(torch.tensor([i for part in found for i in part[0]]))
    order = order.to(labels.device)
    return Judged(
        latents=torch.cat([part[1] for part in found])[order],
        images=torch.cat([part[2] for part in found])[order],
        latent_trials=torch.tensor(samples.latent_trials, device=labels.device),
        image_trials=torch.tensor(samples.image_trials, device=labels.device),
    )
