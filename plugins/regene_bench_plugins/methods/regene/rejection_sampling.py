"""Rejection sampling: candidates that pass ReGene's two-step judgement, with exact counts.

Section 6.2 of Gopalakrishnan et al. 2022. Each sample has a row of candidates of its own
(``candidates.Candidates``) and takes the first that passes both steps. So the trial counts are
those of drawing candidates one by one, although many samples' candidates are judged together, in
rounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from regene_bench.api import MethodError, SampleRng
from regene_bench_plugins.methods.regene.candidates import Candidates, UsedCombinations


class Judge(Protocol):
    """The two steps of section 6.2; each looks at every row by itself."""

    def accepts_latents(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Step 1: whether the head puts latents ``[N, D]`` in their class ``[N]``, bool ``[N]``."""
        ...

    def accepts_images(self, latents: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Step 2: decode and classify again; bool ``[N]`` and the images ``[N, C, H, W]``."""
        ...

    def describe(self, label: int) -> str:
        """Name a class and what an image of it must reach, for an error message."""
        ...


@dataclass(frozen=True)
class AcceptedSamples:
    """One accepted candidate for each sample, and how many candidates it took.

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
class _Accepted:
    """A candidate that passed both steps.

    Attributes:
        candidate: What it is.
        count: How many candidates of its sample had been judged, this one included.
        next: The sample's next candidate after it.
        latent: float32 ``[D]``.
        image: float32 ``[C, H, W]``.
    """

    candidate: Any
    count: int
    next: int
    latent: Tensor
    image: Tensor


@dataclass
class _Sample:
    """How far one sample has come.

    Attributes:
        label: Its class.
        next: Its next candidate, counted from 0.
        judged: Candidates judged so far: the next one less those that other samples use.
        latent_trials: Count at the first that passed step 1, or 0.
        accepted: The first that passed both steps.
    """

    label: int
    next: int = 0
    judged: int = 0
    latent_trials: int = 0
    accepted: _Accepted | None = None


@dataclass
class _Round:
    """Candidates that are judged together.

    Attributes:
        candidates: What they are.
        owners: Of each, the sample that drew it.
        counts: Of each, its count among its sample's judged candidates, from 1.
        nexts: Of each, its sample's next candidate after it.
    """

    candidates: list[Any] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    nexts: list[int] = field(default_factory=list)


def _ignore_round(found: int, candidates: int) -> None:
    pass


def rejection_sample(
    source: Candidates,
    labels: Tensor,
    rng: SampleRng,
    judge: Judge,
    used: UsedCombinations,
    *,
    max_trials: int,
    width: int,
    on_round: Callable[[int, int], None] = _ignore_round,
) -> AcceptedSamples:
    """Take for each label the first candidate that passes both steps and is not used yet.

    A candidate that a sample of a lower index uses is passed over: it is neither judged nor
    counted. Within a batch, samples are settled in the order of their indices, and the batches of a
    sampling come in that order, so that the size of the batches makes no difference.

    Args:
        source: The candidates.
        labels: int64 ``[N]``.
        rng: Its start is the index of the first sample.
        judge: The two steps.
        used: What earlier batches have used; this one's are added.
        max_trials: Candidates for one sample before giving up.
        width: Candidates judged together when few samples are left.
        on_round: Called after each round with the numbers of samples that have an accepted
            candidate and of candidates judged so far; what it raises ends the work.

    Raises:
        MethodError: A sample found none in ``max_trials``, or all combinations are used; names its
            class and threshold.
    """
    used.begin_batch(rng)
    sampler = _RejectionSampler(labels, source, rng.start, judge, used, max_trials, width)
    return sampler.run(on_round)


class _RejectionSampler:
    """The samples of one batch on their way; arguments as of ``rejection_sample``."""

    def __init__(
        self,
        labels: Tensor,
        source: Candidates,
        start: int,
        judge: Judge,
        used: UsedCombinations,
        max_trials: int,
        width: int,
    ) -> None:
        self._source = source
        self._start = start
        self._judge = judge
        self._used = used
        self._max_trials = max_trials
        self._width = width
        self._device = labels.device
        self._samples = [_Sample(label) for label in labels.tolist()]

    def run(self, on_round: Callable[[int, int], None]) -> AcceptedSamples:
        """Judge candidates in rounds until every sample has an accepted one."""
        pending = list(range(len(self._samples)))
        n_judged = 0
        while pending:
            drawing = self._samples_to_draw(pending)
            each = max(1, self._width // len(drawing))
            together = _Round()
            for i in drawing:
                if self._draw(together, i, each) == 0:
                    raise self._error(self._samples[i])
            self._judge_round(together)
            n_judged += len(together.candidates)
            pending = [i for i in pending if self._samples[i].accepted is None]
            pending = pending or self._reject_duplicates()
            on_round(len(self._samples) - len(pending), n_judged)
        return self._collected()

    def _samples_to_draw(self, pending: list[int]) -> list[int]:
        """Choose the samples that draw in this round.

        A class of which nothing passed in ``width`` candidates sends its first sample ahead, so
        that one that never passes costs as many candidates as one sample may take, not one class.
        """
        met = {sample.label for sample in self._samples if sample.accepted is not None}
        judged: Counter[int] = Counter()
        for sample in self._samples:
            judged[sample.label] += sample.judged
        drawing, ahead = [], set[int]()
        for i in pending:
            label = self._samples[i].label
            if label not in met and judged[label] >= self._width:
                if label in ahead:
                    continue
                ahead.add(label)
            drawing.append(i)
        return drawing

    def _draw(self, together: _Round, i: int, each: int) -> int:
        """Add up to ``each`` next candidates of a sample to the round; tell how many there were."""
        sample, index = self._samples[i], self._start + i
        limit = self._source.max_candidates(sample.label)
        before = sample.judged
        while sample.judged - before < each and sample.judged < self._max_trials:
            if limit is not None and sample.next >= limit:
                break
            candidate = self._source.candidate(sample.label, i, sample.next)
            sample.next += 1
            number = candidate.number
            if number is not None and self._used.used_before(sample.label, number, index):
                continue
            sample.judged += 1
            together.candidates.append(candidate)
            together.owners.append(i)
            together.counts.append(sample.judged)
            together.nexts.append(sample.next)
        return sample.judged - before

    def _judge_round(self, together: _Round) -> None:
        """Let a round's candidates pass both steps, and note each sample's first that did."""
        latents = self._source.latents(together.candidates)
        labels = [self._samples[i].label for i in together.owners]
        wanted = torch.tensor(labels, device=self._device)
        passed = torch.nonzero(self._judge.accepts_latents(latents, wanted)).flatten()
        if not len(passed):
            return
        good, images = self._judge.accepts_images(latents[passed], wanted[passed])
        latents = latents[passed]
        for k, (position, accepted) in enumerate(zip(passed.tolist(), good.tolist(), strict=True)):
            sample = self._samples[together.owners[position]]
            if sample.accepted is not None:
                continue
            count = together.counts[position]
            sample.latent_trials = sample.latent_trials or count
            if accepted:
                candidate, after = together.candidates[position], together.nexts[position]
                sample.accepted = _Accepted(candidate, count, after, latents[k], images[k])

    def _reject_duplicates(self) -> list[int]:
        """Send samples back to drawing whose combination one of a lower index has found, too."""
        owned: set[tuple[int, int]] = set()
        again = []
        for i, sample in enumerate(self._samples):
            accepted = sample.accepted
            if accepted is None or accepted.candidate.number is None:
                continue
            key = (sample.label, accepted.candidate.number)
            if key not in owned:
                owned.add(key)
                continue
            # As if this candidate had been passed over: it is not counted.
            sample.next, sample.judged, sample.accepted = accepted.next, accepted.count - 1, None
            if sample.latent_trials == accepted.count:
                sample.latent_trials = 0
            again.append(i)
        return again

    def _error(self, sample: _Sample) -> MethodError:
        """Why a sample that cannot draw any more has nothing."""
        what = self._judge.describe(sample.label)
        if sample.judged < self._max_trials:
            return self._source.exhausted_error(sample.label, what)
        hint = "Train the decoder longer, lower the threshold, or raise max_trials."
        if not any(own.latent_trials for own in self._samples if own.label == sample.label):
            what += ", not even in latent space"
            hint = "Train the classifier longer, or raise max_trials."
        noun = self._source.noun
        return MethodError(f"No valid {noun} in {sample.judged} trials for {what}.", hint=hint)

    def _collected(self) -> AcceptedSamples:
        """Note what is used now, and put the accepted candidates together."""
        samples = self._samples
        accepted = [sample.accepted for sample in samples if sample.accepted is not None]
        for i, (sample, own) in enumerate(zip(samples, accepted, strict=True)):
            if own.candidate.number is not None:
                self._used.use(sample.label, own.candidate.number, self._start + i)
        trials = [sample.latent_trials for sample in samples]
        return AcceptedSamples(
            latents=torch.stack([own.latent for own in accepted]),
            images=torch.stack([own.image for own in accepted]),
            latent_trials=torch.tensor(trials, device=self._device),
            image_trials=torch.tensor([own.count for own in accepted], device=self._device),
        )
