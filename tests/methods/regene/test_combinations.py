from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from regene_bench_plugins.methods.regene.combinations import (
    KeyedPermutation,
    NumberedCombinations,
    unrank_arrangement,
    unrank_subset,
)


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 300), key=st.integers(0, 2**63 - 1))
def test_a_keyed_permutation_is_one(size: int, key: int) -> None:
    permute = KeyedPermutation(size, key)
    assert sorted(permute(value) for value in range(size)) == list(range(size))


def test_another_key_is_another_permutation_and_large_ranges_work() -> None:
    size = math.comb(200_000, 40)
    values = [KeyedPermutation(size, key)(7) for key in range(20)]
    assert len(set(values)) == 20
    assert all(0 <= value < size for value in values)


def test_a_permutation_looks_drawn_at_random() -> None:
    size, cells = 10_000, 10
    permute = KeyedPermutation(size, 3)
    counts = Counter(permute(value) * cells // size for value in range(2000))
    expected = 2000 / cells
    # chi square with 9 degrees of freedom: 27.9 is passed by one in a thousand
    assert sum((counts[c] - expected) ** 2 / expected for c in range(cells)) < 27.9


@pytest.mark.parametrize(("size", "n"), [(2, 2), (5, 2), (7, 3), (6, 6), (9, 1)])
def test_numbers_are_subsets_one_to_one(size: int, n: int) -> None:
    found = [tuple(unrank_subset(k, size, n)) for k in range(math.comb(size, n))]
    assert {frozenset(members) for members in found} == {
        frozenset(members) for members in itertools.combinations(range(size), n)
    }
    assert all(len(set(members)) == n for members in found)


@pytest.mark.parametrize("values", [(0.7, 0.3), (0.5, 0.25, 0.25), (0.2,) * 5, (0.1, 0.2, 0.7)])
def test_numbers_are_arrangements_one_to_one(values: tuple[float, ...]) -> None:
    expected = set(itertools.permutations(values))
    found = [tuple(unrank_arrangement(k, values)) for k in range(len(expected))]
    assert set(found) == expected


@pytest.mark.parametrize(
    ("ratios", "count"),
    [((0.5, 0.5), 10), ((0.7, 0.3), 20), ((1 / 3,) * 3, 10), ((0.5, 0.25, 0.25), 30)],
)
def test_all_combinations_come_once(ratios: tuple[float, ...], count: int) -> None:
    combinations = NumberedCombinations(5, ratios, key=1)
    assert combinations.count == count
    visited = [combinations.members(combinations.number(4, t)) for t in range(count)]
    assert len({frozenset(zip(*v, strict=True)) for v in visited}) == count


@settings(max_examples=30, deadline=None)
@given(
    size=st.integers(20, 6000),
    n=st.integers(2, 5),
    window=st.integers(1, 60),
    start=st.integers(0, 10**9),
)
def test_neighbouring_samples_do_not_meet_while_there_is_room(
    size: int, n: int, window: int, start: int
) -> None:
    combinations = NumberedCombinations(size, (1 / n,) * n, key=0)
    promised = combinations.trials_apart(window)
    # the golden ratio itself would have √5 in place of 16; whole numbers come less near
    assert promised >= combinations.count // (16 * window)
    trials = min(40, promised)
    numbers = [
        combinations.number(start + i, trial) for i in range(window) for trial in range(trials)
    ]
    assert len(set(numbers)) == len(numbers)
