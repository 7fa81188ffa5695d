"""Anybody's images as files in folders."""

from __future__ import annotations

from regene_bench_plugins.datasets.own_images import OwnImages


class Folder(OwnImages):
    """Class folders: ``train/<class>/…`` with ``test/<class>/…``, or only ``<class>/…``.

    Or images with their labels in ``dataset.json``, as StyleGAN and EDM keep them, or in
    ``metadata.csv``, ``metadata.jsonl`` or ``metadata.parquet`` with a column ``file_name``, as
    Hugging Face does (``label_column`` names the other). Any may be a zip. Without a test folder a
    part of each class is held out, chosen by the hash of the relative path.
    Options (``own_images.ImageOptions``)::

        [data.options]
        path = "my_images"       # below a data folder, or absolute; by default the data set's name
        center_crop = 140        # central square, before resizing
        test_fraction = 0.1
        class_names = ["cat", "dog"]  # in label order, where files only number the classes

    or classes that come from several data sets, as image files or Parquet::

        [[data.options.classes]]
        name = "celeba"
        path = "celeba"
        center_crop = 140
        max_train = 15000
    """

    registered_as = "folder"
    kinds = ("dataset-json", "class-folders")
    remedy = (
        "It has a folder for each class, with image files, or train/<class> and test/<class>, or "
        "images with a dataset.json beside them; it may be a zip."
    )
