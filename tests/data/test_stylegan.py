"""A data set in the layout of StyleGAN and EDM, in a folder or a zip, with splits or without."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from regene_bench_plugins.datasets.folder import Folder
from regene_bench_plugins.datasets.published_sets import Cifar10

from regene_bench.base.errors import DataError
from regene_bench.data.class_folders import find_one_class
from regene_bench.data.decoded_cache import cache_key
from regene_bench.data.layouts import LayoutOptions, detect_layout
from regene_bench.data.load import load_dataset
from regene_bench.data.shapes import ImageShape
from regene_bench.data.source import ImageSet
from tests.stylegan import stylegan_names, write_files, write_stylegan

from .builders import GREY, cyclic_labels, encode, image_set, pixels, request, same_images
from .layout_builders import found

SET = image_set(30)
NUMBERED = replace(SET, class_names=("0", "1", "2"))
PLACES = ["set", "set.zip"]


def both(place: Path) -> ImageSet:
    """Both splits of what is found at a place, as one."""
    layout = found(place)
    train, test = (layout.read(split, GREY, None) for split in ("train", "test"))  # type: ignore[arg-type]
    return ImageSet(
        np.concatenate([train.images, test.images]),
        np.concatenate([train.labels, test.labels]),
        train.class_names,
    )


def refused(place: Path, shape: ImageShape = GREY) -> str:
    def read() -> None:
        layout = detect_layout(place, LayoutOptions())
        assert layout is not None
        layout.read("train", shape, None)

    with pytest.raises(DataError) as caught:
        read()
    assert caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("a_folder", [1000, 10])
def test_numbers_are_classes_and_chunks_are_none(tmp_path: Path, place: str, a_folder: int) -> None:
    write_stylegan(tmp_path / place, SET.images, SET.labels.tolist(), a_folder)
    assert same_images(both(tmp_path / place), NUMBERED)
    assert found(tmp_path / place).notes == ()


@pytest.mark.parametrize("place", PLACES)
def test_names_and_one_hot_vectors_are_classes(tmp_path: Path, place: str) -> None:
    names = [SET.class_names[label] for label in SET.labels]
    write_stylegan(tmp_path / "names" / place, SET.images, names)
    assert same_images(both(tmp_path / "names" / place), SET)
    vectors = np.eye(3, dtype=int)[SET.labels].tolist()
    write_stylegan(tmp_path / "vectors" / place, SET.images, vectors)
    assert same_images(both(tmp_path / "vectors" / place), NUMBERED)
    four = ImageShape(1, 6, 5, 4)
    assert "3 classes apart; the benchmark has 4" in refused(tmp_path / "vectors" / place, four)


def test_a_folder_and_its_zip_are_one_data_set_with_one_held_out_part(tmp_path: Path) -> None:
    splits = []
    for place in PLACES:
        write_stylegan(tmp_path / place, SET.images, SET.labels.tolist())
        layout = found(tmp_path / place)
        splits.append([layout.read(s, GREY, None).images for s in ("train", "test")])  # type: ignore[arg-type]
    for one, other in zip(*splits, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [len(images) for images in splits[0]] == [27, 3]


@pytest.mark.parametrize("zipped", [False, True])
def test_each_split_may_have_its_own_labels(tmp_path: Path, zipped: bool) -> None:
    other = image_set(9, seed=1)
    write_stylegan(tmp_path / "set" / "Train", SET.images, SET.labels.tolist())
    write_stylegan(tmp_path / "set" / "val", other.images, other.labels.tolist())
    place = tmp_path / "set"
    if zipped:
        files = {
            p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()
        }
        place = write_files(tmp_path / "set.zip", files)
    layout = found(place)
    assert same_images(layout.read("train", GREY, None), NUMBERED)
    assert same_images(
        layout.read("test", GREY, None), replace(other, class_names=NUMBERED.class_names)
    )


@pytest.mark.parametrize("place", PLACES)
def test_null_is_one_class_for_those_who_need_no_more(tmp_path: Path, place: str) -> None:
    write_stylegan(tmp_path / place, SET.images, None)
    assert "have no labels; the benchmark has 3" in refused(tmp_path / place)
    read = found(tmp_path / place).read("train", ImageShape(1, 6, 5, 1), None)
    assert set(read.labels.tolist()) == {0}


@pytest.mark.parametrize("place", PLACES)
def test_chunks_without_labels_are_refused_and_each_way_out_is_right(
    tmp_path: Path, place: str
) -> None:
    files = {n: encode(x) for n, x in zip(stylegan_names(30, 10), SET.images, strict=True)}
    write_files(tmp_path / place, files)
    text = refused(tmp_path / place)
    assert "chunks of one numbered set of images, not classes" in text
    assert "dataset.json" in text
    one = find_one_class(tmp_path / place, test_fraction=0.1)
    assert one is not None
    assert len(one.train.paths) == 27


def test_folders_that_may_be_either_are_refused(tmp_path: Path) -> None:
    names = [f"{i // 10:05d}/{i % 10}.png" for i in range(30)]
    write_files(tmp_path, {n: encode(x) for n, x in zip(names, SET.images, strict=True)})
    assert "may be classes, or chunks" in refused(tmp_path)
    for folder in list(tmp_path.iterdir()):
        folder.rename(tmp_path / str(int(folder.name)))
    assert found(tmp_path).read("train", GREY, None).class_names == ("0", "1", "2")


def test_german_traffic_signs_are_classes(tmp_path: Path) -> None:
    names = [f"{k:05d}/{t:05d}_00000.png" for k, n in enumerate((9, 13, 8)) for t in range(n)]
    write_files(tmp_path, {n: encode(x) for n, x in zip(names, SET.images, strict=True)})
    assert found(tmp_path).read("train", GREY, None).class_names == ("00000", "00001", "00002")


def test_what_does_not_fit_together_is_said(tmp_path: Path) -> None:
    write_stylegan(tmp_path, SET.images, SET.labels.tolist())
    (tmp_path / "00000" / "img00000003.png").unlink()
    (tmp_path / "preview.svg").touch()
    assert found(tmp_path).notes == (
        f"{tmp_path}: 29 of 30 files read (left out: 1 .svg)",
        f"{tmp_path}: dataset.json labels images that are not there: 1",
    )
    write_files(tmp_path, {"00000/img00000099.png": encode(SET.images[0])})
    assert "no label for 1 of 30 images, such as 00000/img00000099.png" in refused(tmp_path)


def test_edited_labels_are_another_data_set(tmp_path: Path) -> None:
    place = write_stylegan(tmp_path / "set", SET.images, SET.labels.tolist())
    source = Folder(request("set", GREY, tmp_path))
    before = cache_key(source, "folder")
    os.utime(place / "dataset.json", (0, 0))
    assert cache_key(source, "folder") != before


# --- by the sources -------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("options", [{}, {"path": "set"}])
def test_the_source_folder_finds_a_zip_by_its_name(
    own_cache: Path, tmp_path: Path, place: str, options: dict[str, Any]
) -> None:
    write_stylegan(tmp_path / place, SET.images, SET.labels.tolist())
    loaded = load_dataset(
        Folder(request("set", GREY, tmp_path, options=options)), source_name="folder"
    )
    assert loaded.train.class_names == NUMBERED.class_names
    assert (len(loaded.train.images), len(loaded.test.images)) == (27, 3)


@pytest.mark.parametrize("path", ["set.zip", "ABSOLUTE"])
def test_a_zip_of_class_folders_is_the_folder_that_it_was_made_from(
    own_cache: Path, tmp_path: Path, path: str
) -> None:
    files = {
        f"out\\{split}\\{SET.class_names[label]}\\{i}.png": encode(image)
        for split in ("train", "test")
        for i, (image, label) in enumerate(zip(SET.images, SET.labels, strict=True))
    }
    write_files(tmp_path / "set.zip", files)
    options = {"path": path.replace("ABSOLUTE", str(tmp_path / "set.zip"))}
    loaded = load_dataset(
        Folder(request("pets", GREY, tmp_path, options=options)), source_name="folder"
    )
    assert same_images(loaded.train, SET)
    assert same_images(loaded.test, SET)


def test_a_published_set_may_be_edms_zip(own_cache: Path, tmp_path: Path) -> None:
    shape = ImageShape(3, 6, 5, 10)
    images, labels = pixels(40, 3), cyclic_labels(40, 10)
    write_stylegan(tmp_path / "cifar10.zip", images, labels.tolist())
    train = load_dataset(Cifar10(request("cifar10", shape, tmp_path)), source_name="cifar10").train
    assert train.class_names[:2] == ("airplane", "automobile")
    by_pixels = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    assert [by_pixels[image.tobytes()] for image in train.images] == train.labels.tolist()


def test_a_class_of_several_may_be_a_zip(own_cache: Path, tmp_path: Path) -> None:
    write_stylegan(tmp_path / "faces.zip", SET.images, None)
    write_stylegan(tmp_path / "places", SET.images, None)
    options = {"classes": [{"name": n, "path": n, "max_train": 5} for n in ("faces", "places")]}
    shape = ImageShape(1, 6, 5, 2)
    source = Folder(request("both", shape, tmp_path, options=options))
    assert len(load_dataset(source, source_name="folder").train.images) == 10
    assert tmp_path / "faces.zip" in source.files()


def test_names_are_in_natural_order_as_those_of_folders_are(tmp_path: Path) -> None:
    names = ("class 2", "class 10")
    labels = [names[i % 2] for i in range(len(SET.images))]
    write_stylegan(tmp_path / "set", SET.images, labels)
    assert both(tmp_path / "set").class_names == names
