"""One content, one hash: whatever files it came from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from regene_bench.samples.collection import Samples
from regene_bench.samples.read import read_samples
from tests.data.builders import GREY, as_picture, pixels


def test_the_hash_is_of_pixels_and_labels_not_of_files(tmp_path: Path) -> None:
    images = pixels(4)
    for i, image in enumerate(images):
        as_picture(image).save(tmp_path / f"{i}.png")
    np.save(tmp_path / "a.npy", images / 255)
    from_files = read_samples(tmp_path, GREY, ("a",))
    from_array = read_samples(tmp_path / "a.npy", GREY, ("a",))
    assert from_files.content == from_array.content
    assert len(from_files.content) == 64


def test_other_pixels_labels_shapes_or_orders_have_other_hashes() -> None:
    images, labels = pixels(4), np.array([0, 1, 0, 1])
    changed = images.copy()
    changed[0, 0, 0, 0] ^= 1
    hashes = {
        Samples(images, None, "a").content,
        Samples(images, labels, "a").content,
        Samples(images, 1 - labels, "a").content,
        Samples(changed, None, "a").content,
        Samples(images[::-1], None, "a").content,
        Samples(images.reshape(4, 1, 5, 6), None, "a").content,
    }
    assert len(hashes) == 6
