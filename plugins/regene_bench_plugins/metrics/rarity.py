"""How uncommon generated images are among the real ones, on the features of any extractor."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from regene_bench.api import Column, Evaluation, Score, Skipped, rarity_scores
from regene_bench_plugins.metrics.feature_metric import FeatureMetric, Sides, reference_radii

_NEIGHBOURS = 3


class Rarity(FeatureMetric):
    """Mean rarity score of generated images, and the share that has none (Han et al. 2023).

    * ``rarity``: the radius of the smallest ball of a real image, to its third neighbour, that a
      generated image lies in; mean and spread over those that lie in one.
    * ``rarity_outside``: the share of images in no ball. ``precision`` counts the others, but by
      larger balls, which reach to the fifth neighbour.

    In units of the features. Common images lower it, and so does the memory of real images;
    best where real held-out images have it.
    """

    columns = (
        Column("rarity", "reference", summary="mean size of the smallest real neighbourhood"),
        Column("rarity_outside", "reference", summary="share in no real neighbourhood"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score | Skipped]:
        sides = Sides.of(evaluation, self.config.extractor, self.reference)
        stop = evaluation.runtime.stop.check
        radii = reference_radii(evaluation, self.config.extractor, self.reference, _NEIGHBOURS)
        found = rarity_scores(
            sides.real, sides.generated, k=_NEIGHBOURS, radii_real=radii, between=stop
        )
        inside = found[torch.isfinite(found)].double()
        if len(inside):
            spread = float(inside.std(unbiased=False))
            yield sides.score("rarity", float(inside.mean()), std=spread)
        else:
            yield Skipped("rarity", "no generated image lies in a real neighbourhood")
        yield sides.score("rarity_outside", 1 - len(inside) / len(found))
