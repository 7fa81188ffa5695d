"""Perplexity and use of a codebook are those of the codes that test images get."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from regene_bench_plugins.metrics.codebook import CodebookUse
from torch import Tensor

from regene_bench.api import BenchmarkData
from tests.evaluation.fakes import HalvingModel
from tests.methods.builders import make_data

from .single_samples import evaluation_of_images, totals


class Quantising(HalvingModel):
    """Gives every image the codes of a list."""

    n_codes = 10

    def __init__(self, turns: list[int]) -> None:
        super().__init__()
        self.turns = turns

    def codes(self, images: Tensor) -> Tensor:
        return torch.tensor(self.turns).expand(len(images), -1)


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


@pytest.mark.parametrize(
    ("turns", "perplexity", "used"),
    [
        ([3, 3], 1.0, 0.1),
        ([0, 9], 2.0, 0.2),
        (list(range(10)), 10.0, 1.0),
        # 2^H of shares 1/2, 1/4, 1/4, whose entropy is 3/2 bits
        ([1, 1, 2, 5], 2**1.5, 0.3),
    ],
)
def test_equally_used_codes_are_counted_and_others_count_less(
    turns: list[int], perplexity: float, used: float, data: BenchmarkData, tmp_path: Path
) -> None:
    images, labels = data.test.images[:1], data.test.labels[:1]
    model = Quantising(turns)
    evaluation = evaluation_of_images(images, labels, data, tmp_path, model=model)
    values = totals(list(CodebookUse().measure(evaluation)))
    assert values["codebook_perplexity"] == pytest.approx(perplexity)
    assert values["codebook_used"] == pytest.approx(used)
