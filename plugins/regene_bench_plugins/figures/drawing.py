"""What all drawings have in common: sizes, colours, and pictures laid out in a grid."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from PIL import Image
from torch import Tensor

# Okabe and Ito's palette, told apart by colour-blind readers too; then tab20's pale tones
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442"),
    *("#7F7F7F", "#8C564B", "#AEC7E8", "#FFBB78", "#98DF8A", "#FF9896", "#C5B0D5", "#C49C94"),
)
REPORTED = "#555555"


def colour(index: int) -> str:
    """A colour for the ``index``-th of several things."""
    return COLOURS[index % len(COLOURS)]


def panels(
    rows: int, columns: int, width: float = 3.2, height: float = 3.0
) -> tuple[Drawing, list[list[Axes]]]:
    """A drawing of axes, ``rows`` by ``columns``, each of a size in inches."""
    drawing = Drawing(figsize=(columns * width, rows * height), layout="constrained")
    axes = drawing.subplots(rows, columns, squeeze=False)
    return drawing, [list(row) for row in axes]


def tidy(axes: Axes) -> Axes:
    """Take away what carries no meaning: two borders; and lay a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
    return axes


def show_images(axes: Axes, images: Sequence[Tensor], gap: int = 1) -> None:
    """Draw rows of images without axes.

    Args:
        axes: Where.
        images: One tensor a row, uint8 ``[N, C, H, W]`` or floats in [0, 1]; rows may be of
            different length.
        gap: Blank pixels between images.
    """
    axes.imshow(tiled(images, gap), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()


def tiled(images: Sequence[Tensor], gap: int = 1) -> np.ndarray:
    """Lay rows of images out as one picture, uint8 ``[H, W]`` or ``[H, W, 3]``."""
    rows = [as_pixels(row) for row in images]
    longest = max(len(row) for row in rows)
    _, height, width, *colours = rows[0].shape
    canvas = np.full(
        (len(rows) * (height + gap) - gap, longest * (width + gap) - gap, *colours), 255, np.uint8
    )
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            top, left = i * (height + gap), j * (width + gap)
            canvas[top : top + height, left : left + width] = image
    return canvas


def as_pixels(images: Tensor) -> np.ndarray:
    """Turn ``[N, C, H, W]``, uint8 or floats in [0, 1], into uint8 ``[N, H, W(, 3)]``."""
    images = images.detach().cpu()
    if images.dtype != torch.uint8:
        images = images.float().mul(255).round().clamp(0, 255).to(torch.uint8)
    pixels: np.ndarray = images.permute(0, 2, 3, 1).contiguous().numpy()
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


def as_png(images: Tensor) -> list[bytes]:
    """Encode each image of ``[N, C, H, W]`` as a PNG file's bytes."""
    files = []
    for pixels in as_pixels(images):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        files.append(buffer.getvalue())
    return files
