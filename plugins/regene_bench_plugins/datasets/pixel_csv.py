"""Anybody's small images as rows of CSV files."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from regene_bench.api import SourceRequest, validate
from regene_bench.data.readers import (
    ColourOrder,
    DecodeOptions,
    PixelCsvOptions,
    find_pixel_csv,
)
from regene_bench_plugins.datasets.array_source import ArrayOptions, ArraySource
from regene_bench_plugins.datasets.located import Found


class CsvOptions(ArrayOptions):
    """The ``[data.options]`` table of the source ``pixel-csv``.

    Attributes:
        label_column: Title of the column of labels; by default ``label`` or the like.
        colours: For colour images the order of their values: ``"pixels"`` (red, green and blue of
            a pixel, then those of the next) or ``"planes"`` (all red values, all green, all blue).
    """

    label_column: str | None = Field(default=None, min_length=1)
    colours: ColourOrder | None = None


class PixelCsv(ArraySource):
    """CSV files with an image a line: ``label,pixel0,…,pixel783``, as Kaggle hands them out.

    ``train.csv`` with ``test.csv``, whatever stands around these words, or one file. Where the test
    file has no labels, or there is none, a part of each class is held out, chosen by the hash of
    the row. Pixels are whole numbers in 0..255, row by row; images are square unless they have the
    benchmark's size or titles like ``1x1`` say otherwise. Options (``pixel_csv.CsvOptions``)::

        [data.options]
        path = "digit-recognizer"  # below a data folder, or absolute; a folder or a file
        label_column = "digit"     # by default label, labels, class or the like
        class_names = ["A", "B"]   # in label order; by default "0", "1", …
        colours = "pixels"         # of colour images: "pixels" (RGBRGB…) or "planes"
        center_crop = 24           # central square, before resizing
        test_fraction = 0.1
    """

    options: CsvOptions
    registered_as = "pixel-csv"
    suffix = ".csv"
    remedy = "It has a train.csv, with a column for the labels and one for each pixel."

    def __init__(self, request: SourceRequest) -> None:
        self.options = validate(CsvOptions, request.options, "[data.options]")
        super().__init__(request, self.options.class_names)

    def find(self, place: Path) -> Found | None:
        """Find the files; see ``readers.find_pixel_csv``."""
        options = self.options
        return find_pixel_csv(
            place,
            PixelCsvOptions(
                DecodeOptions(center_crop=options.center_crop),
                options.label_column,
                options.colours,
                options.test_fraction,
            ),
        )
