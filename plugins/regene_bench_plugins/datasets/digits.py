"""The handwritten digits that ship with scikit-learn: no download, no files."""

from __future__ import annotations

from functools import cache

import numpy as np

from regene_bench.api import DatasetSource, ImageSet, Split


class Digits(DatasetSource):
    """8×8 grey digits, 1,797 images (UCI's optical recognition of handwritten digits, test part).

    The pixels' 17 levels 0..16 are spread over 0..255. Split: sort the images by class, keeping
    their order within each, and take every fifth for testing: 1,437 train, 360 test, each class
    split 80/20 to within one image.
    """

    def prepare(self) -> None:
        """Nothing to do: the images come with scikit-learn."""

    def load(self, split: Split) -> ImageSet:
        """Return one split: uint8 ``[N, 1, 8, 8]``, labels int64 ``[N]``, names "0".."9"."""
        pixels, labels, names = _digits()
        by_class = np.argsort(labels, kind="stable")
        for_testing = np.zeros(len(labels), dtype=bool)
        for_testing[by_class[::5]] = True
        chosen = for_testing if split == "test" else ~for_testing
        return ImageSet(np.ascontiguousarray(pixels[chosen]), labels[chosen], names)


@cache
def _digits() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """All images, labels and names; scikit-learn reads them from a text, which takes a while."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    labels = np.asarray(bunch.target, dtype=np.int64)
    pixels = np.rint(np.asarray(bunch.images) * (255 / 16)).astype(np.uint8)[:, None]
    return pixels, labels, tuple(str(name) for name in bunch.target_names)
