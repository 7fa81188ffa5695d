from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from regene_bench_plugins.methods.convex import STREAM, LatentPool, combine_judged, combine_once
from torch import Tensor

from regene_bench.api import MethodError, SampleRng


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
    pool: LatentPool, label: int, n: int, stream: np.random.Generator, judge: HashJudge
) -> tuple[int, int, Tensor]:
    """Section 6.2 as a plain loop over single candidates."""
    latent_trials, trial = 0, 0
    while True:
        trial += 1
        rows = pool.draw(label, n, stream)
        candidate = pool.latents[torch.from_numpy(rows)].sum(0, keepdim=True) / n
        wanted = torch.tensor([label])
        if not judge.accepts_latents(candidate, wanted)[0]:
            continue
        latent_trials = latent_trials or trial
        if judge.accepts_images(candidate, wanted)[0][0]:
            return latent_trials, trial, candidate[0]


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("width", [1, 16, 128])
@pytest.mark.parametrize("batch", [1, 7, 24])
def test_trial_counts_are_those_of_drawing_one_by_one(n: int, width: int, batch: int) -> None:
    pool, judge = make_pool(), HashJudge(0.7, 0.3)
    labels = torch.arange(3).repeat_interleave(8)
    rng = SampleRng(seed=5, start=100)
    expected = [
        one_by_one(pool, int(label), n, rng.numpy(i, STREAM), judge)
        for i, label in enumerate(labels)
    ]
    parts = [
        combine_judged(
            pool,
            labels[start : start + batch],
            n,
            rng.at(100 + start),
            judge,
            max_trials=1000,
            width=width,
        )
        for start in range(0, len(labels), batch)
    ]
    assert torch.cat([p.latent_trials for p in parts]).tolist() == [e[0] for e in expected]
    assert torch.cat([p.image_trials for p in parts]).tolist() == [e[1] for e in expected]
    latents = torch.cat([p.latents for p in parts])
    assert torch.allclose(latents, torch.stack([e[2] for e in expected]))
    assert torch.equal(torch.cat([p.images for p in parts])[:, :, 0, 0], latents)


def test_a_class_that_never_passes_is_named_after_a_bounded_number_of_trials() -> None:
    with pytest.raises(MethodError, match="No valid combination in 20 trials for class 1"):
        combine_judged(
            make_pool(),
            torch.tensor([1]),
            2,
            SampleRng(0),
            HashJudge(1.0, -1.0),
            max_trials=20,
            width=8,
        )


def test_combinations_are_of_different_members_of_one_class() -> None:
    pool = make_pool()
    for label in range(3):
        rows = pool.draw(label, 5, np.random.default_rng(0))
        assert len(set(rows.tolist())) == 5
        assert all(pool.offsets[label] <= row < pool.offsets[label + 1] for row in rows)


def test_a_class_with_too_few_latents_is_named() -> None:
    pool = LatentPool.of(torch.rand(3, 2), torch.tensor([0, 0, 1]), 2)
    with pytest.raises(MethodError, match="Class 'b' has 1 training images; combinations of 2"):
        pool.require(2, ["a", "b"], "training images")


def test_unjudged_combinations_depend_on_seed_and_index_alone() -> None:
    pool, labels = make_pool(), torch.tensor([0, 1, 2, 0])
    whole = combine_once(pool, labels, 3, SampleRng(1))
    parts = [combine_once(pool, labels[i : i + 1], 3, SampleRng(1, i)) for i in range(4)]
    assert torch.equal(whole, torch.cat(parts))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 6),
    dims=st.integers(1, 12),
    classes=st.integers(2, 6),
)
def test_lemma_1_convex_combinations_stay_in_their_class(
    seed: int, n: int, dims: int, classes: int
) -> None:
    """Lemma 1 (section 3.3), for any convex weights and a linear head of K classes."""
    rng = np.random.default_rng(seed)
    weight, bias = rng.normal(size=(classes, dims)), rng.normal(size=classes)
    latents = rng.normal(size=(400, dims))
    decided = (latents @ weight.T + bias).argmax(1)
    for label in range(classes):
        members = latents[decided == label]
        if len(members) < n:
            continue
        ratios = rng.dirichlet(np.ones(n), size=20)
        chosen = members[rng.integers(0, len(members), size=(20, n))]
        combined = np.einsum("in,ind->id", ratios, chosen)
        assert ((combined @ weight.T + bias).argmax(1) == label).all()
