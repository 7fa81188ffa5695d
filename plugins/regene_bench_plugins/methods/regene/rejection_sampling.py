"""Convex combinations that pass ReGene's two-step judgement, with exact trial counts.

Section 6.2 of Gopalakrishnan et al. 2022. Sample ``i`` has a row of candidates of its own and takes
the first valid one, so the counts are those of drawing one by one. What is done together is the
judging.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from regene_bench.api import MethodError, SampleRng
from regene_bench_plugins.methods.regene.convex import (
    Candidate,
    LatentPool,
    Mixture,
    Sampling,
    Taken,
)


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


@dataclass(frozen=True)
class _Valid:
    """A candidate that passed both steps."""

    candidate: Candidate
    count: int
    after: int
    latent: Tensor
    image: Tensor


@dataclass
class _Sample:
    """Where one sample is.

    Attributes:
        label: Its class.
        next: Its next candidate, counted from 0.
        judged: Candidates judged so far: the next one less those that others had taken.
        latent_trials: Count at the first that passed step 1, or 0.
        found: The first that passed both steps.
    """

    label: int
    next: int = 0
    judged: int = 0
    latent_trials: int = 0
    found: _Valid | None = None


@dataclass
class _Round:
    """Candidates that are judged together, with whose each is and its count there."""

    candidates: list[Candidate] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)


def _unheard(found: int, candidates: int) -> None:
    pass


def combine_judged(
    pool: LatentPool,
    labels: Tensor,
    mixture: Mixture,
    rng: SampleRng,
    judge: Judge,
    taken: Taken,
    *,
    max_trials: int,
    width: int,
    told: Callable[[int, int], None] = _unheard,
) -> Judged:
    """Take for each label the first candidate that passes both steps and is not taken yet.

    A candidate that a sample of a lower index has taken is passed over: it is neither judged nor
    counted. Within a batch the samples are settled in the order of their indices, and batches of a
    sampling come in that order, so that the batches' size makes no difference.

    Args:
        pool: Where latents come from.
        labels: int64 ``[N]``.
        mixture: How they are combined.
        rng: Decides the candidates.
        judge: The two steps.
        taken: What earlier batches have taken; this one's are added.
        max_trials: Candidates for one sample before giving up.
        width: Candidates judged together when few samples are left.
        told: Hears after each round how many samples have a valid candidate and how many candidates
            were judged; what it raises ends the work.

    Raises:
        MethodError: A sample found none in ``max_trials``, or all combinations are taken; names its
            class and threshold.
    """
    sampling = Sampling(pool, mixture, rng)
    taken.begin(rng)
    samples = [_Sample(label) for label in labels.tolist()]
    pending = list(range(len(samples)))
    n_judged = 0
    while pending:
        drawing = _drawing(samples, pending, width)
        each = max(1, width // len(drawing))
        together = _Round()
        for i in drawing:
            drawn = _draw(together, sampling, samples[i], i, rng.start + i, taken, each, max_trials)
            if drawn == 0:
                raise _giving_up(sampling, samples[i], judge, max_trials)
        _judge(together, samples, pool, judge, labels.device)
        n_judged += len(together.candidates)
        pending = [i for i in pending if samples[i].found is None]
        pending = pending or _settle(samples)
        told(len(samples) - len(pending), n_judged)
    for i, sample in enumerate(samples):
        if sample.found is not None and sample.found.candidate.number is not None:
            taken.take(sample.label, sample.found.candidate.number, rng.start + i)
    return _together(samples, labels.device)


def _drawing(samples: list[_Sample], pending: list[int], patience: int) -> list[int]:
    """Choose who draws in this round.

    A class of which nothing passed in ``patience`` candidates sends its first sample ahead, so that
    one that never passes costs as many candidates as one sample may take, not one class of them.
    """
    met = {sample.label for sample in samples if sample.found is not None}
    judged: Counter[int] = Counter()
    for sample in samples:
        judged[sample.label] += sample.judged
    drawing, ahead = [], set[int]()
    for i in pending:
        label = samples[i].label
        if label not in met and judged[label] >= patience:
            if label in ahead:
                continue
            ahead.add(label)
        drawing.append(i)
    return drawing


def _draw(
    together: _Round,
    sampling: Sampling,
    sample: _Sample,
    i: int,
    index: int,
    taken: Taken,
    each: int,
    max_trials: int,
) -> int:
    """Add a sample's next candidates to the round; tell how many there were."""
    limit = sampling.limit(sample.label)
    before = sample.judged
    while sample.judged - before < each and sample.judged < max_trials:
        if limit is not None and sample.next >= limit:
            break
        candidate = sampling.candidate(sample.label, i, sample.next)
        sample.next += 1
        number = candidate.number
        if number is not None and taken.before(sample.label, number, index):
            continue
        sample.judged += 1
        together.candidates.append(candidate)
        together.owners.append(i)
        together.counts.append(sample.judged)
        together.after.append(sample.next)
    return sample.judged - before


def _judge(
    together: _Round, samples: list[_Sample], pool: LatentPool, judge: Judge, device: torch.device
) -> None:
    """Let a round's candidates pass both steps, and note each sample's first that did."""
    latents = pool.combine(together.candidates)
    wanted = torch.tensor([samples[i].label for i in together.owners], device=device)
    passed = torch.nonzero(judge.accepts_latents(latents, wanted)).flatten()
    if not len(passed):
        return
    good, images = judge.accepts_images(latents[passed], wanted[passed])
    latents = latents[passed]
    for k, (position, accepted) in enumerate(zip(passed.tolist(), good.tolist(), strict=True)):
        sample = samples[together.owners[position]]
        if sample.found is not None:
            continue
        count = together.counts[position]
        sample.latent_trials = sample.latent_trials or count
        if accepted:
            after = together.after[position]
            candidate = together.candidates[position]
            sample.found = _Valid(candidate, count, after, latents[k], images[k])


def _settle(samples: list[_Sample]) -> list[int]:
    """Send samples back to drawing whose combination one of a lower index has found, too."""
    owned: set[tuple[int, int]] = set()
    again = []
    for i, sample in enumerate(samples):
        found = sample.found
        if found is None or found.candidate.number is None:
            continue
        key = (sample.label, found.candidate.number)
        if key not in owned:
            owned.add(key)
            continue
        sample.next, sample.judged, sample.found = found.after, found.count - 1, None
        if sample.latent_trials == found.count:
            sample.latent_trials = 0
        again.append(i)
    return again


def _giving_up(sampling: Sampling, sample: _Sample, judge: Judge, max_trials: int) -> MethodError:
    what = judge.describe(sample.label)
    if sample.judged < max_trials:
        return sampling.exhausted(sample.label, what)
    return MethodError(
        f"No valid combination in {max_trials} trials for {what}.",
        hint="Train the decoder longer, lower the threshold, or raise max_trials.",
    )


def _together(samples: list[_Sample], device: torch.device) -> Judged:
    found = [sample.found for sample in samples if sample.found is not None]
    return Judged(
        latents=torch.stack([valid.latent for valid in found]),
        images=torch.stack([valid.image for valid in found]),
        latent_trials=torch.tensor([sample.latent_trials for sample in samples], device=device),
        image_trials=torch.tensor([valid.count for valid in found], device=device),
    )
