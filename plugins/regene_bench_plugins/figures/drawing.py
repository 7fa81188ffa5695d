"""What all drawings have in common: sizes, colours, and pictures laid out in a grid."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor

# Okabe and Ito's palette, told apart by colour-blind readers too; then tab20's pale tones
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442"),
    *("#7F7F7F", "#8C564B", "#AEC7E8", "#FFBB78", "#98DF8A", "#FF9896", "#C5B0D5", "#C49C94"),
)
REPORTED = "#555555"
_OF_GAP = 0.25
GAP = 1
"""Blank pixels between images."""

# Boxes around images, in the colours of the ReGene paper's figures.
SOURCE = "#E69F00"
"""Of images that others are made of."""
GENERATION = "#0072B2"
"""Of what was made of them."""
CHILD = "#009E73"
"""Of what was made of decoded images."""


def colour(index: int) -> str:
    """A colour for the ``index``-th of several things."""
    return COLOURS[index % len(COLOURS)]


def left_out(extractors: Iterable[str]) -> str:
    """What a caption says of extractors whose weights are not to be had; nothing if none."""
    names = ", ".join(extractors)
    return (
        f" Left out, for want of weights (`regene-bench weights list`): {names}." if names else ""
    )


def panels(
    rows: int,
    columns: int,
    width: float = 3.2,
    height: float = 3.0,
    widths: Sequence[float] | None = None,
) -> tuple[Drawing, list[list[Axes]]]:
    """A drawing of axes, ``rows`` by ``columns``.

    Args:
        rows: How many.
        columns: How many.
        width: Of each in inches; of the widest, where ``widths`` tells columns apart.
        height: Of each in inches.
        widths: One a column, in any unit.
    """
    columns_wide = columns if widths is None else sum(widths) / max(widths)
    drawing = Drawing(figsize=(columns_wide * width, rows * height), layout="constrained")
    axes = drawing.subplots(rows, columns, squeeze=False, width_ratios=widths)
    return drawing, [list(row) for row in axes]


def tidy(axes: Axes) -> Axes:
    """Take away what carries no meaning: two borders; and lay a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
    return axes


def show_images(
    axes: Axes, images: Sequence[Tensor], gap: int = GAP, labels: Sequence[str] = ()
) -> None:
    """Draw rows of images without axes.

    Args:
        axes: Where.
        images: One tensor a row, uint8 ``[N, C, H, W]`` or floats in [0, 1]; rows may be of
            different length, and empty.
        gap: Blank pixels between images.
        labels: What stands left of each row; nothing if not given.
    """
    axes.imshow(tiled(images, gap), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    if labels:
        height = images[0].shape[-2]
        centres = [row * (height + gap) + (height - 1) / 2 for row in range(len(images))]
        axes.set_yticks(centres, labels, fontsize="x-small")
        axes.tick_params(length=0)


def box_images(
    axes: Axes,
    shape: Sequence[int],
    places: Iterable[tuple[int, int]],
    tint: str,
    gap: int = GAP,
) -> None:
    """Draw a box around each of some images of ``show_images``.

    Args:
        axes: Where these are.
        shape: Of an image; the last two are its height and width.
        places: Row and column of each, from 0.
        tint: Colour of the boxes.
        gap: As of ``show_images``.
    """
    for row, column in places:
        box_region(axes, shape, (row, column), (row, column), tint, gap)


def box_region(
    axes: Axes,
    shape: Sequence[int],
    first: tuple[int, int],
    last: tuple[int, int],
    tint: str,
    gap: int = GAP,
) -> None:
    """Draw one box around the images of ``show_images`` from a first to a last row and column."""
    height, width = shape[-2:]
    left, top = first[1] * (width + gap), first[0] * (height + gap)
    right, bottom = (last[1] + 1) * (width + gap) - gap, (last[0] + 1) * (height + gap) - gap
    # within its half of the gap, so that boxes of neighbours do not hide each other
    room = _OF_GAP * gap
    axes.add_patch(
        Rectangle(
            (left - 0.5 - room, top - 0.5 - room),
            right - left + 2 * room,
            bottom - top + 2 * room,
            fill=False,
            edgecolor=tint,
            linewidth=1.5,
            clip_on=False,
        )
    )


def tiled(images: Sequence[Tensor], gap: int = GAP) -> np.ndarray:
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
