"""Anybody's images in Parquet files, as the Hugging Face hub has them."""

from __future__ import annotations

from regene_bench_plugins.datasets.own_images import OwnImages


class ParquetImages(OwnImages):
    """``train-*.parquet`` and ``test-*.parquet`` with images and labels.

    Or a folder of ``datasets.save_to_disk``, or the layout into which the Hub converts data sets
    (``default/train/0000.parquet``), or a single file. Images are encoded files, or arrays of uint8
    (``Array2D``, ``Array3D``). Splits may be named in the protocol (``[data] train`` and ``test``).
    Without test files a part of each class is held out, chosen by the hash of file name and row.
    Options (``own_images.ImageOptions``)::

        [data.options]
        path = "my_images"       # below a data folder, or absolute; by default the data set's name
        center_crop = 140        # central square, before resizing
        test_fraction = 0.1
        image_column = "picture" # struct<bytes, path>, binary or lists; by default image or img
        config = "small"         # one of several configurations: the name of a subfolder
        label_column = "kind"    # integers or strings; by default label, labels or the like
        class_names = ["cat", "dog"]  # in label order, where files only number the classes

    or ``[[data.options.classes]]`` as in the source ``folder``.
    """

    registered_as = "parquet"
    suffixes = (".parquet",)
    kinds = ("parquet",)
    remedy = (
        "It has files train-*.parquet and, if it comes with a test split, "
        "test-*.parquet, or is a folder of save_to_disk."
    )
