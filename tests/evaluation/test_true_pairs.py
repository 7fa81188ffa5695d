"""Pairs that a mask names are torch's own, in order."""

from __future__ import annotations

import pytest
import torch

from regene_bench.evaluation.true_pairs import true_pairs


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("turned", [False, True])
def test_pairs_are_those_of_the_mask_row_by_row(share: float, turned: bool) -> None:
    draw = torch.Generator().manual_seed(0)
    mask = torch.rand(7, 5, generator=draw) < share
    mask = mask.T if turned else mask
    rows, columns = true_pairs(mask)
    expected = mask.nonzero(as_tuple=True)
    assert torch.equal(rows, expected[0])
    assert torch.equal(columns, expected[1])
