"""Pictures that a run leaves beside its numbers: samples and reconstructions, one class a row."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from regene_bench.base.disk import told_of_disk
from regene_bench.base.files import write_atomically

PAIRS = 5

_MAX_CLASSES = 16
_COLUMNS = 10
_SIDE = 32


def sample_grid(images: Tensor, labels: Tensor, columns: int = _COLUMNS) -> Image.Image:
    """Lay out samples as a picture, one class a row, small images enlarged without smoothing.

    Args:
        images: uint8 ``[N, C, H, W]``.
        labels: int64 ``[N]``.
        columns: Samples a class.
    """
    images, labels = images.cpu(), labels.cpu()
    _, channels, height, width = images.shape
    scale = max(1, round(_SIDE / max(height, width)))
    rows = []
    for label in torch.unique(labels)[:_MAX_CLASSES]:
        chosen = images[labels == label][:columns]
        blank = torch.full((columns - len(chosen), channels, height, width), 255, dtype=torch.uint8)
        rows.append(torch.cat([chosen, blank]))
    grid = torch.stack(rows)
    grid = torch.nn.functional.pad(grid, (1, 1, 1, 1), value=255)
    canvas = grid.permute(0, 3, 1, 4, 2).reshape(
        len(rows) * (height + 2), columns * (width + 2), channels
    )
    pixels: np.ndarray = canvas.numpy()
    picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def first_of_each_class(labels: Tensor, count: int) -> Tensor:
    """Indices, int64, of the first ``count`` images of every class that a grid has room for."""
    shown = torch.unique(labels)[:_MAX_CLASSES]
    return torch.cat([torch.nonzero(labels == label).flatten()[:count] for label in shown])


def paired_grid(originals: Tensor, reconstructed: Tensor, labels: Tensor) -> Image.Image:
    """Lay out pairs, an image and beside it what became of it, one class a row.

    Args:
        originals: uint8 ``[N, C, H, W]``.
        reconstructed: uint8, the same shape.
        labels: int64 ``[N]``; of a class the first ``PAIRS`` are shown.
    """
    pairs = torch.stack([originals, reconstructed], dim=1).flatten(0, 1)
    return sample_grid(pairs, labels.repeat_interleave(2), 2 * PAIRS)


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a PNG whole or not at all.

    Raises:
        ResultsError: The disk is full or the folder cannot be written to.
    """
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    with told_of_disk("write to", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, buffer.getvalue())
