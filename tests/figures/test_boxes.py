"""Boxes lie around the images that they are meant for."""

from __future__ import annotations

import torch
from matplotlib.patches import Rectangle
from regene_bench_plugins.figures.drawing import (
    GENERATION,
    SOURCE,
    box_images,
    box_region,
    left_out,
    panels,
    show_images,
)

IMAGES = torch.zeros(3, 1, 4, 6)
GAP = 2


def test_a_box_holds_its_image_and_touches_no_neighbour() -> None:
    _, ((panel,),) = panels(1, 1)
    show_images(panel, [IMAGES, IMAGES], gap=GAP, labels=["above", "below"])
    box_images(panel, IMAGES.shape, [(1, 2)], SOURCE, GAP)
    (box,) = panel.patches
    assert isinstance(box, Rectangle)
    left, top = 2 * (6 + GAP) - 0.5, 4 + GAP - 0.5
    assert left - GAP / 2 < box.get_x() < left
    assert left + 6 < box.get_x() + box.get_width() < left + 6 + GAP / 2
    assert top - GAP / 2 < box.get_y() < top
    assert top + 4 < box.get_y() + box.get_height() < top + 4 + GAP / 2
    assert [label.get_text() for label in panel.get_yticklabels()] == ["above", "below"]


def test_a_region_reaches_from_its_first_to_its_last_image() -> None:
    _, ((panel,),) = panels(1, 1)
    show_images(panel, [IMAGES, IMAGES], gap=GAP)
    box_region(panel, IMAGES.shape, (0, 0), (1, 2), GENERATION, GAP)
    (box,) = panel.patches
    assert isinstance(box, Rectangle)
    assert 3 * 6 + 2 * GAP < box.get_width() < 3 * 6 + 3 * GAP
    assert 2 * 4 + GAP < box.get_height() < 2 * 4 + 2 * GAP


def test_columns_of_a_drawing_have_widths_of_their_own() -> None:
    drawing, ((first, second),) = panels(1, 2, width=4.0, height=1.0, widths=[1, 2])
    assert drawing.get_size_inches().tolist() == [6.0, 1.0]
    ratios = first.get_subplotspec().get_gridspec().get_width_ratios()  # type: ignore[union-attr]
    assert list(ratios) == [1, 2]
    assert second is not first


def test_a_caption_names_what_is_missing_and_nothing_else() -> None:
    assert left_out([]) == ""
    assert "a, b." in left_out(["a", "b"])
