"""Samples in the layout of StyleGAN and EDM: labels are in dataset.json, folders are chunks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regene_bench.base.errors import DataError
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.collection import Samples
from regene_bench.samples.read import read_samples
from tests.data.builders import GREY, encode, pixels
from tests.samples.builders import held_out_digits
from tests.stylegan import stylegan_names, write_files, write_stylegan

NAMES = ("cat", "dog", "owl")
IMAGES = pixels(6)
LABELS = [2, 0, 1, 0, 2, 1]
PLACES = ["samples", "samples.zip"]


def read(place: Path, names: tuple[str, ...] = NAMES, **options: Any) -> Samples:
    return read_samples(place, GREY, names, **options)


def refused(place: Path, names: tuple[str, ...] = NAMES) -> str:
    with pytest.raises(DataError) as caught:
        read(place, names)
    assert caught.value.hint
    return str(caught.value)


def labels_of(place: Path) -> list[int]:
    labels = read(place).labels
    assert labels is not None
    return labels.tolist()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("a_folder", [1000, 100])
def test_real_digits_have_the_labels_of_dataset_json(
    tmp_path: Path, place: str, a_folder: int
) -> None:
    digits = held_out_digits()
    order = np.random.default_rng(0).permutation(len(digits.images))
    images, labels = digits.images[order], digits.labels[order]
    write_stylegan(tmp_path / place, images, labels.tolist(), a_folder)
    samples = read_samples(tmp_path / place, ImageShape(1, 8, 8, 10), digits.class_names)
    np.testing.assert_array_equal(samples.images, images)
    np.testing.assert_array_equal(samples.labels, labels)
    assert samples.notes == ()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        [NAMES[label] for label in LABELS],
        [[float(label == k) for k in range(3)] for label in LABELS],
        [[int(label == k) for k in range(3)] for label in LABELS],
    ],
)
def test_labels_are_integers_names_or_one_hot(tmp_path: Path, place: str, labels: Any) -> None:
    write_stylegan(tmp_path / place, IMAGES, labels)
    assert labels_of(tmp_path / place) == LABELS


def test_a_folder_around_everything_in_a_zip_is_none(tmp_path: Path) -> None:
    names = stylegan_names(6)
    doc = {"labels": list(zip(names, LABELS, strict=True))}
    files = {f"out/{n}": encode(x) for n, x in zip(names, IMAGES, strict=True)}
    files["out/dataset.json"] = json.dumps(doc).encode()
    assert labels_of(write_files(tmp_path / "a.zip", files)) == LABELS


def test_images_may_also_lie_flat_or_in_folders_of_any_name(tmp_path: Path) -> None:
    for place, prefix in (("flat", ""), ("deep", "part one/")):
        files = {f"{prefix}{i}.png": encode(image) for i, image in enumerate(IMAGES)}
        doc = {"labels": dict(zip(files, LABELS, strict=True))}
        files["dataset.json"] = b"\xef\xbb\xbf" + json.dumps(doc).encode()
        assert labels_of(write_files(tmp_path / place, files)) == LABELS


@pytest.mark.parametrize("place", PLACES)
def test_null_is_unlabelled_and_said(tmp_path: Path, place: str) -> None:
    samples = read(write_stylegan(tmp_path / place, IMAGES, None))
    assert samples.labels is None
    assert samples.notes == ("unlabelled, as dataset.json says (null)",)


def test_null_beside_class_folders_leaves_the_classes(tmp_path: Path) -> None:
    files = {f"{NAMES[label]}/{i}.png": b"" for i, label in enumerate(LABELS)}
    files = {name: encode(x) for name, x in zip(sorted(files), IMAGES, strict=True)}
    write_files(tmp_path, files | {"dataset.json": b'{"labels": null}'})
    assert labels_of(tmp_path) == sorted(LABELS)


def test_labels_that_the_user_names_are_the_labels(tmp_path: Path) -> None:
    write_stylegan(tmp_path / "a", IMAGES, LABELS)
    np.save(tmp_path / "labels.npy", np.array(LABELS)[::-1])
    samples = read(tmp_path / "a", labels=str(tmp_path / "labels.npy"))
    assert samples.labels is not None
    assert samples.labels.tolist() == LABELS[::-1]


def test_a_dataset_json_of_another_program_is_left_alone(tmp_path: Path) -> None:
    files = {f"cat/{i}.png": encode(image) for i, image in enumerate(IMAGES)}
    samples = read(write_files(tmp_path, files | {"dataset.json": b'{"title": "cats"}'}))
    assert samples.labels is not None
    assert samples.labels.tolist() == [0] * 6
    assert samples.notes == ("6 of 7 files read (left out: 1 .json)",)


def test_a_label_without_an_image_is_counted(tmp_path: Path) -> None:
    write_stylegan(tmp_path / "a", IMAGES, LABELS)
    (tmp_path / "a" / "00000" / "img00000004.png").unlink()
    samples = read(tmp_path / "a")
    assert samples.labels is not None
    assert samples.labels.tolist() == [2, 0, 1, 0, 1]
    assert samples.notes == ("dataset.json labels images that are not there: 1",)


def test_an_image_without_a_label_is_named(tmp_path: Path) -> None:
    write_stylegan(tmp_path / "a", IMAGES, LABELS)
    files = {"00000/img00000009.png": encode(IMAGES[0])}
    text = refused(write_files(tmp_path / "a", files))
    assert "no label for 1 of 7 images, such as 00000/img00000009.png" in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"labels": 3}', "labels of type int"),
        (b'{"labels": [["0.png"]]}', "has the label ['0.png']"),
        (b'{"labels": [["0.png", 0], ["0.png", 1]]}', "labels 0.png twice"),
        (b'{"labels": {"0.png": [0.3, 0.7]}}', "one-hot vectors of one length"),
        (b'{"labels": {"0.png": [1]}}', "one-hot vectors of one length"),
        (b'{"labels": {"0.png": true}}', "integers, or class names"),
        (b'{"labels": {"0.png": 1e300}}', "integers, or class names"),
        (b'{"labels": {"0.png": null}}', "integers, or class names"),
        (b'{"labels": {"0.png": 3}}', "label 3"),
        (b'{"labels": {"0.png": -1}}', "label -1"),
        (b'{"labels": {"0.png": "emu"}}', "'emu'"),
        (b'{"labels": {"0.png": [0, 1]}}', "one-hot labels of 2 classes; the benchmark has 3"),
    ],
)
def test_labels_that_are_no_classes_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    write_files(tmp_path, {"0.png": encode(IMAGES[0]), "dataset.json": content})
    text = refused(tmp_path)
    assert words in text
    assert "dataset.json" in text


def test_labels_of_two_kinds_or_lengths_are_refused(tmp_path: Path) -> None:
    for labels in ([0, "dog", 1, 0, 0, 0], [[0, 1], [0, 1, 0], [0, 1], [0, 1], [0, 1], [0, 1]]):
        write_stylegan(tmp_path, IMAGES, labels)
        assert "has labels like" in refused(tmp_path)


# --- without dataset.json -------------------------------------------------------------------------

CHUNKED = {
    "StyleGAN": stylegan_names(6),
    "StyleGAN, several": stylegan_names(6, 2),
    "by first number": [f"{i - i % 100:06d}/{i:06d}.png" for i in range(0, 300, 50)],
    "by number": [f"{i // 100:04d}/sample_{i}.png" for i in range(0, 300, 50)],
    "one chunk": [f"000000/{i}.png" for i in range(6)],
    "beyond the classes": [f"{i:05d}/{k}.png" for i in range(0, 6, 2) for k in range(2)],
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("names", CHUNKED.values(), ids=CHUNKED)
def test_chunks_of_one_numbering_are_no_classes(
    tmp_path: Path, names: list[str], place: str
) -> None:
    files = {name: encode(image) for name, image in zip(names, IMAGES, strict=True)}
    samples = read(write_files(tmp_path / place, files))
    np.testing.assert_array_equal(samples.images, IMAGES)
    assert samples.labels is None
    (note,) = samples.notes
    assert note.startswith("unlabelled: folders like 000")
    assert "no classes" in note


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # numbered anew in each folder, in different numbers
        (
            ["00/0.png", "00/1.png", "01/0.png", "02/0.png", "02/1.png", "02/2.png"],
            [0, 0, 1, 2, 2, 2],
        ),
        # German traffic signs: five digits for 43 classes
        (
            [f"0000{k}/0000{t}_00000.ppm" for k, n in enumerate((1, 3, 2)) for t in range(n)],
            [0, 1, 1, 1, 2, 2],
        ),
    ],
)
def test_padded_numbers_of_classes_are_classes(
    tmp_path: Path, names: list[str], expected: list[int]
) -> None:
    kinds = {".png": "PNG", ".ppm": "PPM"}
    files = {n: encode(x, kinds[n[-4:]]) for n, x in zip(names, IMAGES, strict=True)}
    assert labels_of(write_files(tmp_path, files)) == expected


def test_classes_that_are_called_so_are_classes(tmp_path: Path) -> None:
    files = {n: encode(x) for n, x in zip(stylegan_names(6, 2), IMAGES, strict=True)}
    samples = read(write_files(tmp_path, files), ("00000", "00001", "00002"))
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    "names",
    [
        [f"{i // 10:02d}/{i:03d}.png" for i in range(0, 30, 5)],
        [f"00/{i}.png" for i in range(6)],
        [f"{i // 2:05d}/{i % 2}.png" for i in range(6)],
        [f"{i:02d}/{k}.png" for i in range(1, 4) for k in range(2)],
    ],
)
def test_doubt_is_refused_with_both_readings_and_each_way_out_is_right(
    tmp_path: Path, names: list[str]
) -> None:
    files = {name: encode(image) for name, image in zip(names, IMAGES, strict=True)}
    text = refused(write_files(tmp_path / "a", files))
    assert "may be classes, or chunks" in text
    assert "by numbers without zeros in front" in text
    unpadded = {f"{int(n.split('/')[0])}/{n.split('/')[1]}": x for n, x in files.items()}
    if "03" not in text:
        labels = [int(name.split("/")[0]) for name in sorted(unpadded)]
        assert labels_of(write_files(tmp_path / "b", unpadded)) == labels
    assert read(tmp_path / "a", labels="none").labels is None
    np.save(tmp_path / "labels.npy", np.array(LABELS))
    given = read(tmp_path / "a", labels=str(tmp_path / "labels.npy"))
    assert given.labels is not None
    assert given.labels.tolist() == LABELS


def test_integers_are_names_and_vectors_have_places_where_classes_are_integers(
    tmp_path: Path,
) -> None:
    names = ("2", "1", "0")
    write_stylegan(tmp_path / "integers", IMAGES, LABELS)
    write_stylegan(tmp_path / "vectors", IMAGES, [[int(k == x) for k in range(3)] for x in LABELS])
    integers, vectors = (read(tmp_path / place, names).labels for place in ("integers", "vectors"))
    assert integers is not None
    assert vectors is not None
    assert integers.tolist() == [2 - label for label in LABELS]
    assert vectors.tolist() == LABELS


def test_chunks_are_no_classes_where_classes_are_integers(tmp_path: Path) -> None:
    files = {name: encode(image) for name, image in zip(stylegan_names(6, 2), IMAGES, strict=True)}
    samples = read(write_files(tmp_path / "a", files), ("0", "1", "2"))
    assert samples.labels is None
    assert samples.notes == (
        "unlabelled: folders like 00000 are chunks of one numbering, no classes",
    )


def test_padded_numbers_are_classes_that_are_counted_from_1(tmp_path: Path) -> None:
    names = tuple(str(number) for number in range(1, 11))
    files = {f"{name:0>2}/{i}.png": encode(IMAGES[0]) for name in names for i in range(2)}
    labels = read(write_files(tmp_path / "a", files), names).labels
    assert labels is not None
    assert labels.tolist() == np.repeat(np.arange(10), 2).tolist()
