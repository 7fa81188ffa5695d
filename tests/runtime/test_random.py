"""Random numbers depend on what they are for, on every platform."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from regene_bench.runtime.random import SampleRng, derive_seed, seeded


def test_derived_seeds_are_these_on_every_platform() -> None:
    assert derive_seed(0, "samples") == 255034711851408926
    assert derive_seed("a", 1) == 4742018630964328543
    assert derive_seed() == 8203414616412130826


@given(st.lists(st.text() | st.integers()))
def test_derived_seeds_fit_every_generator(parts: list[object]) -> None:
    assert 0 <= derive_seed(*parts) < 2**63


def test_derived_seeds_tell_their_parts_apart() -> None:
    assert derive_seed("ab", "c") != derive_seed("a", "bc")
    assert derive_seed(1, 2) != derive_seed(2, 1)
    assert derive_seed("a", "") != derive_seed("a")


def test_samples_are_these_on_every_platform() -> None:
    normal = [[1.0949915647, 0.0445198603, -1.2553067207], [-0.021032998, -0.5091984272, 0.3221161]]
    torch.testing.assert_close(
        SampleRng(7).normal(2, (3,)), torch.tensor(normal), rtol=1e-6, atol=1e-7
    )
    uniform = [[0.14967203, 0.22569221, 0.27169770], [0.22787255, 0.33861142, 0.66240835]]
    torch.testing.assert_close(
        SampleRng(7).uniform(2, (3,)), torch.tensor(uniform), rtol=1e-6, atol=1e-7
    )
    integers = SampleRng(7, 5).numpy(1, "x").integers(0, 10**9, 3)
    assert integers.tolist() == [889316783, 621878205, 82278784]


@given(
    st.integers(0, 2**63 - 1),
    st.integers(0, 10**6),
    st.lists(st.integers(1, 7), min_size=1, max_size=4),
    st.sampled_from(["normal", "uniform"]),
)
@settings(deadline=None)
def test_a_sample_does_not_depend_on_its_batch(
    seed: int, start: int, sizes: list[int], kind: str
) -> None:
    rng = SampleRng(seed)
    whole = getattr(rng.at(start), kind)(sum(sizes), (2, 3))
    parts, position = [], start
    for size in sizes:
        parts.append(getattr(rng.at(position), kind)(size, (2, 3)))
        position += size
    assert torch.equal(torch.cat(parts), whole)


def test_streams_are_independent_and_the_same_stream_is_the_same() -> None:
    rng = SampleRng(3)
    first = rng.normal(1000, (4,), "first")
    assert torch.equal(rng.normal(1000, (4,), "first"), first)
    second = rng.normal(1000, (4,), "second")
    correlation = torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1]
    assert abs(float(correlation)) < 0.06


def test_the_generator_of_one_sample_is_the_one_of_the_batch() -> None:
    rng = SampleRng(3, start=40)
    alone = rng.numpy(2, "normal").standard_normal((5,), dtype="float32")
    assert rng.normal(4, (5,))[2].tolist() == alone.tolist()


def test_noise_is_standard_normal_and_uniform() -> None:
    normal = SampleRng(0).normal(20_000, (2,))
    assert normal.dtype == torch.float32
    assert float(normal.mean()) == pytest.approx(0, abs=0.02)
    assert float(normal.std()) == pytest.approx(1, abs=0.02)
    uniform = SampleRng(0).uniform(20_000, (2,))
    assert 0 <= float(uniform.min()) < 0.001
    assert 0.999 < float(uniform.max()) < 1
    assert float(uniform.var()) == pytest.approx(1 / 12, abs=0.002)


def test_noise_of_no_dimensions() -> None:
    assert SampleRng(0).normal(5, (0,)).shape == (5, 0)
    assert SampleRng(0).normal(0, (3,)).shape == (0, 3)


def test_a_seeded_block_is_reproducible_and_leaves_no_trace() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    with seeded(1, "init"):
        first = torch.rand(3)
    torch.rand(10)
    with seeded(1, "init"):
        again = torch.rand(3)
    with seeded(1, "other"):
        other = torch.rand(3)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    torch.manual_seed(5)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_seeded_block_that_raises_leaves_no_trace() -> None:
    before = torch.get_rng_state()

    def fail() -> None:
        torch.rand(3)
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"), seeded(1):
        fail()
    assert torch.equal(torch.get_rng_state(), before)
