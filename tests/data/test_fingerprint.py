"""The fingerprint changes with any pixel, label, name or split, and with nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from regene_bench.data.fingerprint import fingerprint
from regene_bench.data.source import ImageSet

from .builders import image_set

TEST = image_set(4, seed=1)


@st.composite
def image_sets(draw: st.DrawFn) -> ImageSet:
    n = draw(st.integers(1, 6))
    shape = (n, draw(st.sampled_from([1, 3])), draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    images = draw(hnp.arrays(np.uint8, shape))
    labels = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 2)))
    return ImageSet(images, labels, ("a", "b", "c"))


@given(image_sets())
def test_equal_content_gives_equal_fingerprints(data: ImageSet) -> None:
    columns_first = np.asfortranarray(data.images)
    big_endian = data.labels.astype(">i8")
    again = ImageSet(columns_first, big_endian, data.class_names)
    assert fingerprint(data, TEST) == fingerprint(again, TEST)


@given(image_sets(), st.data())
def test_any_pixel_counts(data: ImageSet, draw: st.DataObject) -> None:
    where = draw.draw(st.integers(0, data.images.size - 1))
    images = data.images.copy()
    images.flat[where] ^= np.uint8(draw.draw(st.integers(1, 255)))
    assert fingerprint(replace(data, images=images), TEST) != fingerprint(data, TEST)


@given(image_sets(), st.data())
def test_any_label_counts(data: ImageSet, draw: st.DataObject) -> None:
    where = draw.draw(st.integers(0, len(data.labels) - 1))
    labels = data.labels.copy()
    labels[where] += draw.draw(st.integers(1, 5))
    assert fingerprint(replace(data, labels=labels), TEST) != fingerprint(data, TEST)


@given(image_sets(), image_sets())
def test_the_split_counts(one: ImageSet, other: ImageSet) -> None:
    same = (
        one.images.shape == other.images.shape
        and (one.images == other.images).all()
        and (one.labels == other.labels).all()
    )
    assert (fingerprint(one, other) == fingerprint(other, one)) == same


def test_moving_an_image_to_the_other_split_counts() -> None:
    data = image_set(6)
    whole = fingerprint(data, TEST)
    shorter = ImageSet(data.images[:5], data.labels[:5], data.class_names)
    longer = ImageSet(
        np.concatenate([data.images[5:], TEST.images]),
        np.concatenate([data.labels[5:], TEST.labels]),
        TEST.class_names,
    )
    assert fingerprint(shorter, longer) != whole


def test_shape_and_class_names_count() -> None:
    data = image_set(6)
    turned = replace(data, images=data.images.reshape(6, 1, 5, 6))
    renamed = replace(data, class_names=("x", *data.class_names[1:]))
    marks = {fingerprint(d, TEST) for d in (data, turned, renamed)}
    assert len(marks) == 3


def test_mapped_files_give_the_same_fingerprint(tmp_path: Path) -> None:
    data = image_set(6)
    np.save(tmp_path / "images.npy", data.images)
    mapped = replace(data, images=np.load(tmp_path / "images.npy", mmap_mode="r"))
    assert fingerprint(mapped, TEST) == fingerprint(data, TEST)


def test_the_byte_string_is_the_documented_one() -> None:
    data = ImageSet(np.arange(4, dtype=np.uint8).reshape(1, 1, 2, 2), np.array([1]), ("a", "ü"))
    expected = b""
    for split in (b"train", b"test"):
        header = b'{"class_names":["a","\\u00fc"],"format":1,"shape":[1,1,2,2],"split":"%s"}\n'
        expected += header % split + (1).to_bytes(8, "little") + bytes((0, 1, 2, 3))
    assert fingerprint(data, data) == hashlib.sha256(expected).hexdigest()
