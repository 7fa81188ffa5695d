"""A model's own classifier judges held-out images, and what the model generates."""

from __future__ import annotations

from pathlib import Path

import torch
from regene_bench_plugins.metrics.own_classifier import (
    OwnClassifierAccuracy,
    OwnGenerationsAccuracy,
)
from torch import Tensor
from torch.nn import functional as F

from tests.evaluation.fakes import HalvingModel
from tests.methods.builders import make_data

from .single_samples import by_class, evaluation_of_images, scores_of, totals


class AlwaysTheFirst(HalvingModel):
    def classify(self, images: Tensor) -> Tensor:
        return F.one_hot(torch.zeros(len(images), dtype=torch.int64), 3).float()


def test_generations_are_judged_apart_from_held_out_images(tmp_path: Path) -> None:
    data = make_data()
    labels = torch.tensor([0, 0, 0, 2])
    evaluation = evaluation_of_images(
        data.train.images[:4], labels, data, tmp_path, model=AlwaysTheFirst()
    )
    own = scores_of(OwnGenerationsAccuracy(), evaluation)
    assert totals(own) == {"accuracy_own": 0.75}
    # a class of which nothing was wanted has no score
    assert by_class(own, "accuracy_own") == {"stripe 0": 1.0, "stripe 2": 0.0}
    assert [score.n_generated for score in own] == [4, 3, 1]
    held_out = totals(scores_of(OwnClassifierAccuracy(), evaluation))
    assert held_out == {"accuracy_classifier": 20 / 60}
