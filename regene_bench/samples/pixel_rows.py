"""Samples as rows of a CSV file, a column a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from regene_bench.data.pixel_csv_sets import images_of_pixels
from regene_bench.data.pixel_tables import find_columns, read_labels, read_pixels
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.labelling import labels_of_array


def read_pixel_rows(
    path: Path, shape: ImageShape, class_names: Sequence[str], label_title: str | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Read a table of grey images; see ``pixel_tables.find_columns``.

    Args:
        path: The file.
        shape: The benchmark's.
        class_names: K names in label order.
        label_title: Title of the column of labels; empty to look for one of a usual name, None for
            no labels.

    Returns:
        uint8 ``[N, 1, H, W]``, and labels int64 ``[N]`` in [0, K) or None.

    Raises:
        DataError: It is no such table, is damaged, or its images are neither square nor of the
            benchmark's size.
    """
    columns = find_columns(path, label_title or None)
    images = images_of_pixels(read_pixels(columns), columns, shape, None)
    if label_title is None or columns.label is None:
        return images, None
    return images, labels_of_array(read_labels(columns), class_names, str(path))
