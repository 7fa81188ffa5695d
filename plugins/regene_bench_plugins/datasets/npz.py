"""Anybody's images as arrays in a ``.npz``."""

from __future__ import annotations

from pathlib import Path

from regene_bench.api import SourceRequest, validate
from regene_bench.data.readers import DecodeOptions, find_npz
from regene_bench_plugins.datasets.array_source import ArrayOptions, ArraySource
from regene_bench_plugins.datasets.located import Found


class Npz(ArraySource):
    """Arrays in one ``.npz``, as Keras (``mnist.npz``) and MedMNIST (``pathmnist.npz``) keep them.

    The arrays are ``x_train``, ``y_train``, ``x_test`` and ``y_test``; or ``train_images``,
    ``train_labels``, ``test_images`` and so on; or ``images`` and ``labels``, of which a part of
    each class is held out. ``test = "val"`` in the protocol's ``[data]`` means another split.
    Images are uint8 ``[N, H, W]``, ``[N, H, W, C]`` or ``[N, C, H, W]``, labels one integer each.
    Options (``array_source.ArrayOptions``)::

        [data.options]
        path = "pathmnist.npz"   # below a data folder, or absolute
        class_names = ["adipose", "background", "debris"]  # by default "0", "1", …
        center_crop = 24         # central square, before resizing
        test_fraction = 0.1      # where there is no test split
    """

    knows_splits = True
    registered_as = "npz"
    suffix = ".npz"
    remedy = "It is a .npz with x_train, y_train, x_test and y_test, or with images and labels."

    def __init__(self, request: SourceRequest) -> None:
        self.options = validate(ArrayOptions, request.options, "[data.options]")
        super().__init__(request, self.options.class_names)

    def find(self, place: Path) -> Found | None:
        """Find the file; see ``readers.find_npz``."""
        return find_npz(
            place,
            decode=DecodeOptions(center_crop=self.options.center_crop),
            test_fraction=self.options.test_fraction,
            wanted=self.request.splits,
        )
