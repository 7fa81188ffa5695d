from __future__ import annotations

from typing import Any

import pytest
import torch
from regene_bench_plugins.methods.regene.candidates import UsedCombinations
from regene_bench_plugins.methods.regene.convex import CandidateSource, ConvexWeights, LatentPool
from regene_bench_plugins.methods.regene.rejection_sampling import AcceptedSamples, rejection_sample
from torch import Tensor

from regene_bench.api import Interrupted, MethodError, SampleRng

MIXTURES = {
    "2": ConvexWeights.uniform(2),
    "3": ConvexWeights.uniform(3),
    "5": ConvexWeights.uniform(5),
    "given": ConvexWeights((0.7, 0.3)),
    "dirichlet": ConvexWeights((0.5, 0.5), dirichlet=1.0),
}


class HashJudge:
    """Accepts pseudo-randomly, by the latent alone, so that decisions are the same in any batch."""

    def __init__(self, accept_latent: float, accept_image: float) -> None:
        self._latent, self._image = accept_latent, accept_image

    def accepts_latents(self, latents: Tensor, labels: Tensor) -> Tensor:
        return (latents[:, 0] * 7919).frac() < self._latent

    def accepts_images(self, latents: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        return (latents[:, 1] * 6007).frac() < self._image, latents[:, :, None, None]

    def describe(self, label: int) -> str:
        return f"class {label}"


def make_pool(per_class: int = 30) -> LatentPool:
    latents = torch.rand(3 * per_class, 4, generator=torch.Generator().manual_seed(0))
    return LatentPool.of(latents, torch.arange(3).repeat(per_class), 3)


def one_by_one(
    pool: LatentPool, labels: Tensor, weights: ConvexWeights, rng: SampleRng, judge: HashJudge
) -> list[tuple[int, int, Tensor]]:
    """Section 6.2 as a plain loop over samples and single candidates."""
    source, used, result = CandidateSource(pool, weights, rng), set[tuple[int, int]](), []
    for i, label in enumerate(labels.tolist()):
        latent_trials, trial, at = 0, 0, 0
        while True:
            candidate = source.candidate(label, i, at)
            at += 1
            if candidate.number is not None and (label, candidate.number) in used:
                continue
            trial += 1
            latent, wanted = pool.combine([candidate]), torch.tensor([label])
            if not judge.accepts_latents(latent, wanted)[0]:
                continue
            latent_trials = latent_trials or trial
            if judge.accepts_images(latent, wanted)[0][0]:
                break
        if candidate.number is not None:
            used.add((label, candidate.number))
        result.append((latent_trials, trial, latent[0]))
    return result


def in_batches(
    pool: LatentPool,
    labels: Tensor,
    weights: ConvexWeights,
    rng: SampleRng,
    judge: HashJudge,
    *,
    batch: int,
    width: int,
) -> list[AcceptedSamples]:
    taken = UsedCombinations()
    return [
        rejection_sample(
            CandidateSource(pool, weights, rng.at(rng.start + at)),
            labels[at : at + batch],
            rng.at(rng.start + at),
            judge,
            taken,
            max_trials=1000,
            width=width,
        )
        for at in range(0, len(labels), batch)
    ]


@pytest.mark.parametrize("weights", MIXTURES.values(), ids=MIXTURES)
@pytest.mark.parametrize("width", [1, 16, 128])
@pytest.mark.parametrize("batch", [1, 7, 24])
def test_trial_counts_are_those_of_drawing_one_by_one(
    weights: ConvexWeights, width: int, batch: int
) -> None:
    pool, judge = make_pool(), HashJudge(0.7, 0.3)
    labels = torch.arange(3).repeat_interleave(8)
    rng = SampleRng(seed=5, start=100)
    expected = one_by_one(pool, labels, weights, rng, judge)
    parts = in_batches(pool, labels, weights, rng, judge, batch=batch, width=width)
    assert torch.cat([p.latent_trials for p in parts]).tolist() == [e[0] for e in expected]
    assert torch.cat([p.image_trials for p in parts]).tolist() == [e[1] for e in expected]
    latents = torch.cat([p.latents for p in parts])
    assert torch.equal(latents, torch.stack([e[2] for e in expected]))
    assert torch.equal(torch.cat([p.images for p in parts])[:, :, 0, 0], latents)


@pytest.mark.parametrize("width", [1, 64])
@pytest.mark.parametrize("batch", [1, 5, 60])
def test_no_combination_comes_twice_however_crowded_the_class(width: int, batch: int) -> None:
    """60 of the 105 combinations of 15 latents, of which about 4 in 5 are valid."""
    pool, judge, weights = make_pool(15), HashJudge(1.0, 0.8), ConvexWeights.uniform(2)
    labels, rng = torch.ones(60, dtype=torch.int64), SampleRng(2)
    expected = one_by_one(pool, labels, weights, rng, judge)
    parts = in_batches(pool, labels, weights, rng, judge, batch=batch, width=width)
    latents = torch.cat([p.latents for p in parts])
    assert len(torch.unique(latents, dim=0)) == 60
    assert torch.equal(latents, torch.stack([e[2] for e in expected]))
    assert torch.cat([p.latent_trials for p in parts]).tolist() == [e[0] for e in expected]
    assert torch.cat([p.image_trials for p in parts]).tolist() == [e[1] for e in expected]


def test_the_number_of_a_sample_does_not_depend_on_others_while_there_is_room() -> None:
    pool, judge, weights = make_pool(), HashJudge(0.7, 0.3), ConvexWeights.uniform(2)
    labels = torch.zeros(8, dtype=torch.int64)
    whole = rejection_sample(
        CandidateSource(pool, weights, SampleRng(0)),
        labels,
        SampleRng(0),
        judge,
        UsedCombinations(),
        max_trials=99,
        width=8,
    )
    alone = rejection_sample(
        CandidateSource(pool, weights, SampleRng(0, 6)),
        labels[:1],
        SampleRng(0, 6),
        judge,
        UsedCombinations(),
        max_trials=99,
        width=8,
    )
    assert torch.equal(whole.latents[6:7], alone.latents)
    assert whole.image_trials[6] == alone.image_trials[0]


def judge_in_vain(**settings: Any) -> AcceptedSamples:
    """Look for one image of a class whose images never pass."""
    pool, judge = make_pool(), HashJudge(1.0, -1.0)
    label, weights = torch.tensor([1]), ConvexWeights.uniform(2)
    return rejection_sample(
        CandidateSource(pool, weights, SampleRng(0)),
        label,
        SampleRng(0),
        judge,
        UsedCombinations(),
        width=8,
        **settings,
    )


def test_a_class_that_never_passes_is_named_after_a_bounded_number_of_trials() -> None:
    with pytest.raises(MethodError, match="No valid combination in 20 trials for class 1"):
        judge_in_vain(max_trials=20)


def test_a_class_that_never_passes_costs_no_more_for_many_samples_than_for_one() -> None:
    pool, judge, heard = make_pool(), HashJudge(1.0, -1.0), list[int]()
    with pytest.raises(MethodError, match="No valid combination in 300 trials for class 1"):
        rejection_sample(
            CandidateSource(pool, ConvexWeights.uniform(2), SampleRng(0)),
            torch.ones(50, dtype=torch.int64),
            SampleRng(0),
            judge,
            UsedCombinations(),
            max_trials=300,
            width=16,
            on_round=lambda found, candidates: heard.append(candidates),
        )
    assert heard[-1] <= 300 + 2 * 50


def test_a_class_that_seldom_passes_counts_as_if_drawn_one_by_one() -> None:
    pool, judge, weights = make_pool(60), HashJudge(0.9, 0.02), ConvexWeights.uniform(3)
    labels, rng = torch.arange(3).repeat(6), SampleRng(7)
    expected = one_by_one(pool, labels, weights, rng, judge)
    (judged,) = in_batches(pool, labels, weights, rng, judge, batch=18, width=16)
    assert judged.image_trials.tolist() == [e[1] for e in expected]
    assert judged.latent_trials.tolist() == [e[0] for e in expected]


def test_a_class_with_fewer_combinations_than_wanted_is_named() -> None:
    with pytest.raises(MethodError, match=r"left for class 1: 3 different .* of its 3 latents"):
        rejection_sample(
            CandidateSource(make_pool(3), ConvexWeights.uniform(2), SampleRng(0)),
            torch.ones(4, dtype=torch.int64),
            SampleRng(0),
            HashJudge(1.0, 1.0),
            UsedCombinations(),
            max_trials=1000,
            width=8,
        )


def test_each_round_tells_how_far_the_judging_is() -> None:
    heard: list[tuple[int, int]] = []
    judged = rejection_sample(
        CandidateSource(make_pool(), ConvexWeights.uniform(2), SampleRng(0)),
        torch.zeros(8, dtype=torch.int64),
        SampleRng(0),
        HashJudge(0.7, 0.3),
        UsedCombinations(),
        max_trials=99,
        width=8,
        on_round=lambda found, candidates: heard.append((found, candidates)),
    )
    found, candidates = zip(*heard, strict=True)
    assert len(heard) > 1
    assert found[-1] == 8
    assert list(candidates) == sorted(set(candidates))
    assert candidates[-1] >= int(judged.image_trials.sum())


def test_what_the_listener_raises_ends_the_judging() -> None:
    """So a stop is heard where a class hardly ever passes."""

    def told(found: int, candidates: int) -> None:
        raise Interrupted(f"after {candidates}")

    with pytest.raises(Interrupted, match="after 8"):
        judge_in_vain(max_trials=10**6, on_round=told)
