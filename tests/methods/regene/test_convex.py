from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from regene_bench_plugins.methods.regene.candidates import UsedCombinations
from regene_bench_plugins.methods.regene.convex import (
    Candidate,
    CandidateSource,
    ConvexWeights,
    LatentPool,
    combine_without_repeats,
)

from regene_bench.api import MethodError, SampleRng

NAMES = ("a", "b", "c")


def make_pool(per_class: int = 30) -> LatentPool:
    latents = torch.rand(3 * per_class, 4, generator=torch.Generator().manual_seed(0))
    return LatentPool.of(latents, torch.arange(3).repeat(per_class), 3)


def test_a_combination_is_the_weighted_sum_of_its_latents() -> None:
    pool = make_pool()
    candidates = [Candidate([3, 5], [0.7, 0.3], 0), Candidate([40, 31], [0.5, 0.5], 1)]
    combined = pool.combine(candidates)
    assert torch.allclose(combined[0], 0.7 * pool.latents[3] + 0.3 * pool.latents[5])
    assert torch.allclose(combined[1], (pool.latents[40] + pool.latents[31]) / 2)


@pytest.mark.parametrize(
    "weights",
    [
        ConvexWeights.uniform(5),
        ConvexWeights((0.6, 0.3, 0.1)),
        ConvexWeights((0.5, 0.5), dirichlet=0.5),
    ],
    ids=["uniform", "given", "dirichlet"],
)
def test_candidates_are_of_different_members_of_one_class(weights: ConvexWeights) -> None:
    pool = make_pool()
    source = CandidateSource(pool, weights, SampleRng(1))
    for label in range(3):
        for trial in range(20):
            candidate = source.candidate(label, 4, trial)
            assert len(set(candidate.rows)) == weights.n
            assert all(
                pool.offsets[label] <= row < pool.offsets[label + 1] for row in candidate.rows
            )
            assert sum(candidate.ratios) == pytest.approx(1)
            if weights.dirichlet is None:
                assert sorted(candidate.ratios) == sorted(weights.ratios)


def test_drawn_ratios_are_dirichlet() -> None:
    source = CandidateSource(make_pool(), ConvexWeights((0.5, 0.5), dirichlet=3.0), SampleRng(0))
    first = torch.tensor([source.candidate(0, i, 0).ratios[0] for i in range(3000)])
    # Beta(3, 3) has the mean 1/2 and the variance 1/28
    assert float(first.mean()) == pytest.approx(0.5, abs=0.015)
    assert float(first.var()) == pytest.approx(1 / 28, rel=0.1)


def test_a_class_with_too_few_latents_is_named() -> None:
    pool = LatentPool.of(torch.rand(3, 2), torch.tensor([0, 0, 1]), 2)
    with pytest.raises(MethodError, match="Class 'b' has 1 training images; combinations of 2"):
        pool.require(2, ["a", "b"], "training images")


@pytest.mark.parametrize(
    "weights", [ConvexWeights.uniform(3), ConvexWeights((0.5, 0.5), dirichlet=1.0)]
)
def test_combinations_depend_on_seed_and_index_alone(weights: ConvexWeights) -> None:
    pool, labels = make_pool(), torch.tensor([0, 1, 2, 0])
    whole = combine_without_repeats(pool, labels, weights, SampleRng(1), UsedCombinations(), NAMES)
    for i in (3, 0, 2):
        rng = SampleRng(1, i)
        part = combine_without_repeats(
            pool, labels[i : i + 1], weights, rng, UsedCombinations(), NAMES
        )
        assert torch.equal(whole[i : i + 1], part)


@pytest.mark.parametrize("batch", [1, 4, 45])
def test_a_class_gives_each_of_its_combinations_once_and_no_more(batch: int) -> None:
    pool, labels = make_pool(10), torch.zeros(45, dtype=torch.int64)  # comb(10, 2) of them
    taken, weights = UsedCombinations(), ConvexWeights.uniform(2)
    parts = [
        combine_without_repeats(
            pool, labels[at : at + batch], weights, SampleRng(7, at), taken, NAMES
        )
        for at in range(0, 45, batch)
    ]
    latents = torch.cat(parts)
    assert len(torch.unique(latents, dim=0)) == 45
    whole = combine_without_repeats(pool, labels, weights, SampleRng(7), UsedCombinations(), NAMES)
    assert torch.equal(latents, whole)
    with pytest.raises(MethodError, match=r"left for class 'a': 45 different combinations of 2"):
        combine_without_repeats(pool, labels[:1], weights, SampleRng(7, 45), taken, NAMES)


def test_drawn_ratios_have_no_end() -> None:
    pool = LatentPool.of(torch.rand(2, 3), torch.tensor([0, 0]), 1)
    weights = ConvexWeights((0.5, 0.5), dirichlet=1.0)
    labels = torch.zeros(50, dtype=torch.int64)
    latents = combine_without_repeats(
        pool, labels, weights, SampleRng(0), UsedCombinations(), ("a",)
    )
    assert len(torch.unique(latents, dim=0)) == 50


def test_a_sampling_forgets_the_one_before() -> None:
    pool, labels = make_pool(3), torch.zeros(3, dtype=torch.int64)
    taken = UsedCombinations()
    first, again, other = (
        combine_without_repeats(
            pool, labels, ConvexWeights.uniform(2), SampleRng(seed), taken, NAMES
        )
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    # three members have three pairs: every sampling uses them all
    assert torch.equal(first.sort(dim=0).values, other.sort(dim=0).values)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 6),
    dims=st.integers(1, 12),
    classes=st.integers(2, 6),
    alpha=st.sampled_from([None, 0.2, 1.0, 10.0]),
)
def test_lemma_1_combinations_of_rightly_classified_latents_stay_in_their_class(
    seed: int, n: int, dims: int, classes: int, alpha: float | None
) -> None:
    """Lemma 1 (section 3.3), for the head that ReGene has and the combinations that it makes."""
    generator = torch.Generator().manual_seed(seed)
    head = torch.nn.Linear(dims, classes, dtype=torch.float64).requires_grad_(False)
    for parameter in head.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    latents = torch.randn(300, dims, generator=generator, dtype=torch.float64)
    pool = LatentPool.of(latents, head(latents).argmax(1), classes)
    source = CandidateSource(pool, ConvexWeights((1 / n,) * n, alpha), SampleRng(seed))
    for label in range(classes):
        if pool.size(label) < n:
            continue
        combined = pool.combine([source.candidate(label, i, 0) for i in range(20)])
        logits = head(combined)
        # Float ratios sum to 1 up to rounding, so that a tie may tip over.
        assert (logits[:, label] >= logits.amax(1) - 1e-5).all()
