"""Which samples are drawn: the k-th sample of a class is always the same one."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from regene_bench.base.errors import UsageError
from regene_bench.models.layout import labels_named, lay_out

PER_CLASS = (3, 0, 2)  # a run's samples 0, 1, 2 are of class 0, samples 3 and 4 of class 2


def test_as_many_as_the_run_drew_are_the_runs_own() -> None:
    drawing = lay_out(PER_CLASS)
    assert drawing.indices.tolist() == [0, 1, 2, 3, 4]
    assert drawing.labels.tolist() == [0, 0, 0, 2, 2]


def test_fewer_are_the_first_of_each_class() -> None:
    drawing = lay_out(PER_CLASS, 3)
    assert drawing.indices.tolist() == [0, 1, 3]
    assert drawing.labels.tolist() == [0, 0, 2]


def test_more_go_on_in_a_second_round_of_the_same_labels() -> None:
    drawing = lay_out(PER_CLASS, 10)
    assert drawing.indices.tolist() == [0, 1, 2, 5, 6, 7, 3, 4, 8, 9]
    assert drawing.labels.tolist() == [0] * 6 + [2] * 4


def test_one_class() -> None:
    assert lay_out(PER_CLASS, 3, [2]).indices.tolist() == [3, 4, 8]
    assert lay_out(PER_CLASS, None, [2]).indices.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("n", "expected"),
    [(10, [(list(range(10)), 0)]), (3, [([0, 1], 0), ([3], 3)])],
)
def test_spans_follow_each_other_in_the_order_of_the_run(
    n: int, expected: list[tuple[list[int], int]]
) -> None:
    drawing = lay_out(PER_CLASS, n)
    assert [(drawing.indices[part].tolist(), first) for part, first in drawing.spans()] == expected


@given(
    per_class=st.lists(st.integers(0, 7), min_size=1, max_size=5).filter(any),
    n=st.integers(1, 60),
    more=st.integers(0, 60),
)
def test_more_samples_contain_fewer(per_class: list[int], n: int, more: int) -> None:
    few, many = lay_out(per_class, n), lay_out(per_class, n + more)
    assert len(few.indices) == n
    assert len(torch.unique(many.indices)) == n + more
    layout = torch.repeat_interleave(torch.arange(len(per_class)), torch.tensor(per_class))
    assert many.labels.tolist() == layout[many.indices % len(layout)].tolist()
    if len(few.indices) % sum(per_class) == 0:  # else a class may give one up to another
        assert set(few.indices.tolist()) <= set(many.indices.tolist())


def test_classes_go_by_name_before_number() -> None:
    assert labels_named(["frog", "0"], ["cat", "frog"]) == [0, 1]
    assert labels_named(["1"], ["2", "1", "0"]) == [1]
    with pytest.raises(UsageError, match="no class 'frok'") as caught:
        labels_named(["frok"], ["cat", "frog"])
    assert "'frog'" in caught.value.hint
