"""A picture of a model's samples."""

from __future__ import annotations

import torch
from PIL import Image

from regene_bench.harness.pictures import sample_grid
from regene_bench.models.sample import draw
from regene_bench.models.trained import TrainedModel


def picture_of(model: TrainedModel, n: int = 40, seed: int | None = None) -> Image.Image:
    """Draw a model's samples as a grid, one class a row.

    Args:
        model: From ``load``.
        n: How many samples, in the run's own proportions.
        seed: Of the samples; the run's own if ``None``.

    Returns:
        The picture, small images enlarged.
    """
    samples = draw(model, n, seed=seed)
    columns = int(torch.bincount(samples.wanted).max())
    images = torch.from_numpy(samples.pixels).permute(0, 3, 1, 2)
    return sample_grid(images, samples.wanted, columns)
