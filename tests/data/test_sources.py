"""The first-party data sources: what they find, what they read, what they say when they cannot."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from regene_bench_plugins.datasets.digits import Digits
from regene_bench_plugins.datasets.folder import Folder
from regene_bench_plugins.datasets.npz import Npz
from regene_bench_plugins.datasets.parquet import ParquetImages
from regene_bench_plugins.datasets.published_sets import Cifar10, FashionMnist, Mnist

from regene_bench.base.errors import ConfigError, DataError
from regene_bench.data.download import Archive, sha256_of
from regene_bench.data.load import load_dataset
from regene_bench.data.shapes import ImageShape
from regene_bench.data.source import DatasetSource, ImageSet

from .builders import (
    as_picture,
    cyclic_labels,
    encode,
    pixels,
    request,
    same_images,
    write_class_folders,
    write_idx_set,
    write_parquet,
)

SMALL = ImageShape(1, 6, 5, 10)
DIGITS = tuple("0123456789")
TRAIN = ImageSet(pixels(20), cyclic_labels(20, 10), DIGITS)
TEST = ImageSet(pixels(10, seed=1), cyclic_labels(10, 10), DIGITS)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = urllib.request.urlopen

    def local_only(target: Any, **options: Any) -> Any:
        if getattr(target, "type", "") != "file":
            raise urllib.error.URLError("no network in tests")
        return real(target, **options)

    monkeypatch.setattr(urllib.request, "urlopen", local_only)
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "cache"))


def load(source: DatasetSource) -> tuple[ImageSet, ImageSet]:
    loaded = load_dataset(source, source_name="source")
    return loaded.train, loaded.test


# --- digits ---------------------------------------------------------------------------------------


def test_digits_need_nothing_and_split_evenly() -> None:
    train, test = load(Digits(request("digits", ImageShape(1, 8, 8, 10))))
    assert train.images.shape == (1437, 1, 8, 8)
    assert test.images.shape == (360, 1, 8, 8)
    assert (train.images.min(), train.images.max()) == (0, 255)
    assert train.class_names == DIGITS
    share = np.bincount(test.labels) / (np.bincount(test.labels) + np.bincount(train.labels))
    np.testing.assert_allclose(share, 0.2, atol=0.006)


def test_digits_of_another_shape_are_refused() -> None:
    with pytest.raises(DataError, match=r"not \[N, 1, 28, 28\]"):
        load(Digits(request("digits", ImageShape(1, 28, 28, 10))))


# --- published sets ------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["idx", "torchvision", "parquet", "folders"])
def test_mnist_is_found_in_any_layout(tmp_path: Path, layout: str) -> None:
    folder = tmp_path / "data" / "mnist"
    if layout == "idx":
        write_idx_set(folder, TRAIN, TEST)
    elif layout == "torchvision":
        write_idx_set(folder / "MNIST" / "raw", TRAIN, TEST, suffix="")
    elif layout == "parquet":
        for split, data in (("train", TRAIN), ("test", TEST)):
            write_parquet(
                folder / f"{split}.parquet", [encode(i) for i in data.images], data.labels
            )
    else:
        write_class_folders(folder / "train", TRAIN)
        write_class_folders(folder / "test", TEST)
    train, test = load(Mnist(request("mnist", SMALL, tmp_path / "none", tmp_path / "data")))
    assert same_images(train, TRAIN)
    assert same_images(test, TEST)


def test_classes_come_in_the_published_order_however_they_are_spelled(tmp_path: Path) -> None:
    text = "T - shirt / top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle_boot"
    spelled = text.split(",")
    order = sorted(range(10), key=lambda i: spelled[i])
    for split, data in (("train", TRAIN), ("test", TEST)):
        relabelled = [order.index(label) for label in data.labels]
        write_parquet(
            tmp_path / "fashion-mnist" / f"{split}.parquet",
            [encode(image) for image in data.images],
            relabelled,
            class_names=sorted(spelled),
        )
    train, _ = load(FashionMnist(request("fashion-mnist", SMALL, tmp_path)))
    assert train.class_names[0] == "T-shirt/top"
    assert train.class_names[9] == "Ankle boot"
    np.testing.assert_array_equal(train.labels, TRAIN.labels)


def test_numbered_classes_get_the_published_names(tmp_path: Path) -> None:
    write_idx_set(tmp_path / "fashion-mnist", TRAIN, TEST)
    train, _ = load(FashionMnist(request("fashion-mnist", SMALL, tmp_path)))
    assert train.class_names[1] == "Trouser"
    np.testing.assert_array_equal(train.labels, TRAIN.labels)


def test_folders_of_padded_numbers_get_the_published_names(tmp_path: Path) -> None:
    padded = tuple(f"{number:02}" for number in range(10))
    for split, data in (("train", TRAIN), ("test", TEST)):
        folder = tmp_path / "fashion-mnist" / split
        write_class_folders(folder, replace(data, class_names=padded))
    train, _ = load(FashionMnist(request("fashion-mnist", SMALL, tmp_path)))
    assert train.class_names[1] == "Trouser"
    trousers = train.images[train.labels == 1]
    assert {image.tobytes() for image in trousers} == {TRAIN.images[i].tobytes() for i in (1, 11)}


def test_another_set_under_the_name_is_refused(tmp_path: Path) -> None:
    names = tuple(f"animal {i}" for i in range(10))
    write_class_folders(tmp_path / "cifar10" / "train", replace(TRAIN, class_names=names))
    write_class_folders(tmp_path / "cifar10" / "test", replace(TEST, class_names=names))
    with pytest.raises(DataError, match=r"animal 0.*expected airplane"):
        load(Cifar10(request("cifar10", ImageShape(3, 6, 5, 10), tmp_path)))


def test_a_label_out_of_range_is_refused(tmp_path: Path) -> None:
    bad = TRAIN.labels.copy()
    bad[4] = 11
    write_idx_set(tmp_path / "mnist", replace(TRAIN, labels=bad), TEST)
    with pytest.raises(DataError, match="Image 4 has the label 11"):
        load(Mnist(request("mnist", SMALL, tmp_path)))


def test_a_folder_of_another_name_must_hold_the_real_thing(tmp_path: Path) -> None:
    write_idx_set(tmp_path / "fashion", TRAIN, TEST)
    with pytest.raises(DataError, match="are not MNIST"):
        load(Mnist(request("mnist", SMALL, tmp_path / "fashion")))


def test_a_damaged_set_is_reported_and_not_downloaded_over(tmp_path: Path) -> None:
    write_idx_set(tmp_path / "mnist", TRAIN, TEST)
    (tmp_path / "mnist" / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="train-labels-idx1-ubyte"):
        Mnist(request("mnist", SMALL, tmp_path, download_dir=tmp_path / "downloads")).prepare()
    assert not (tmp_path / "downloads").exists()


@pytest.mark.parametrize("source", [Mnist, FashionMnist, Cifar10])
def test_without_network_a_missing_set_says_where_it_was_looked_for(
    tmp_path: Path, source: type[Mnist]
) -> None:
    wanted = request("the-set", SMALL, tmp_path / "a", tmp_path / "b", download_dir=tmp_path / "d")
    with pytest.raises(DataError) as caught:
        source(wanted).prepare()
    text = str(caught.value)
    for place in (tmp_path / "a" / "the-set", tmp_path / "b" / "the-set", tmp_path / "b"):
        assert str(place) in text
    for word in ("no network in tests", "$REGENE_BENCH_DATA", "--data", "https://"):
        assert word in text


def test_a_missing_set_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = tmp_path / "server"
    write_idx_set(server, TRAIN, TEST)
    archives = tuple(
        Archive(path.name, (path.as_uri(),), sha256_of(path)) for path in sorted(server.iterdir())
    )
    monkeypatch.setattr(Mnist, "publication", replace(Mnist.publication, archives=archives))
    home = tmp_path / "downloads"
    wanted = request("mnist", SMALL, tmp_path / "none", home, download_dir=home)
    train, _ = load(Mnist(wanted))
    assert same_images(train, TRAIN)
    for path in server.iterdir():
        path.unlink()
    load(Mnist(wanted))


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'image_column'"):
        Mnist(request("mnist", SMALL, options={"image_colum": "img"}))


# --- anybody's own images ------------------------------------------------------------------------

SHAPES = ImageShape(1, 6, 5, 2)
PETS = ImageSet(pixels(40), cyclic_labels(40, 2), ("cat", "dog"))


def test_folder_reads_class_folders(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "pets", PETS)
    options = {"path": "pets", "test_fraction": 0.25}
    train, test = load(Folder(request("folder", SHAPES, tmp_path, options=options)))
    assert (len(train.images), len(test.images)) == (30, 10)
    assert train.class_names == ("cat", "dog")
    absolute = {"path": str(tmp_path / "pets"), "center_crop": 4}
    train, _ = load(Folder(request("folder", SHAPES, options=absolute)))
    assert train.images.shape == (36, 1, 6, 5)


def test_parquet_reads_image_parquet(tmp_path: Path) -> None:
    write_parquet(
        tmp_path / "pets" / "train.parquet",
        [encode(image) for image in PETS.images],
        [PETS.class_names[label] for label in PETS.labels],
        image_column="picture",
        label_column="kind",
    )
    options = {"path": "pets", "image_column": "picture", "label_column": "kind"}
    train, test = load(ParquetImages(request("parquet", SHAPES, tmp_path, options=options)))
    assert (len(train.images), len(test.images)) == (36, 4)
    assert train.class_names == ("cat", "dog")


def load_from(tmp_path: Path, source: type[DatasetSource], path: str, **options: Any) -> Any:
    options = {"path": path, **options}
    return load(source(request("set", SHAPES, tmp_path, options=options)))


def refused(tmp_path: Path, source: type[DatasetSource], path: str, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        load_from(tmp_path, source, path, **options)
    assert caught.value.hint
    return str(caught.value)


def write_pets(path: Path, first: int = 0) -> Path:
    write_parquet(path, [encode(image) for image in PETS.images], PETS.labels + first)
    return path


def test_a_single_parquet_file_is_a_data_set_of_which_a_part_is_held_out(tmp_path: Path) -> None:
    write_pets(tmp_path / "set" / "a.parquet")
    train, test = load_from(tmp_path, ParquetImages, "set/a.parquet")
    assert (len(train.images), len(test.images)) == (36, 4)
    text = refused(tmp_path, ParquetImages, "set")
    assert "a.parquet is called by no split: call it train-a.parquet, or give the file" in text
    (tmp_path / "set" / "a.parquet").rename(tmp_path / "set" / "train-a.parquet")
    assert len(load_from(tmp_path, ParquetImages, "set")[0].images) == 36


def test_labels_from_one_on_get_the_option_that_names_them(tmp_path: Path) -> None:
    write_pets(tmp_path / "set" / "train.parquet", first=1)
    assert 'class_names = ["1", "2", …]' in refused(tmp_path, ParquetImages, "set")
    train, _ = load_from(tmp_path, ParquetImages, "set", class_names=["1", "2"])
    assert set(train.labels) == {0, 1}


def test_what_another_source_reads_names_that_source(tmp_path: Path) -> None:
    write_pets(tmp_path / "table" / "train.parquet")
    write_class_folders(tmp_path / "folders", PETS)
    np.savez(tmp_path / "set.npz", images=PETS.images, labels=PETS.labels)
    as_picture(PETS.images[0]).save(tmp_path / "flat.png")
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat.png").rename(tmp_path / "flat" / "0.png")
    (tmp_path / "shards.tar").touch()
    assert 'source = "parquet" reads' in refused(tmp_path, Folder, "table")
    assert 'source = "parquet" reads' in refused(tmp_path, Folder, "table/train.parquet")
    assert 'source = "npz" reads' in refused(tmp_path, Folder, "set.npz")
    assert 'source = "npz" reads' in refused(tmp_path, ParquetImages, "set.npz")
    assert 'source = "parquet" reads' in refused(tmp_path, Npz, "table/train.parquet")
    assert 'source = "folder" reads' in refused(tmp_path, Npz, "flat")
    assert 'source = "folder" reads' in refused(tmp_path, ParquetImages, "folders")
    assert "no folder a class" in refused(tmp_path, Folder, "flat")
    assert "unpack it" in refused(tmp_path, Folder, "shards.tar")


def test_a_metadata_file_without_a_known_column_of_labels_names_its_columns(
    tmp_path: Path,
) -> None:
    (tmp_path / "set").mkdir()
    lines = ["file_name,kind"]
    for i, image in enumerate(PETS.images):
        as_picture(image).save(tmp_path / "set" / f"{i}.png")
        lines.append(f"{i}.png,{PETS.class_names[PETS.labels[i]]}")
    (tmp_path / "set" / "metadata.csv").write_text("\n".join(lines))
    text = refused(tmp_path, Folder, "set")
    assert "metadata.csv has the columns file_name, kind" in text
    assert "label_column" in text
    train, _ = load_from(tmp_path, Folder, "set", label_column="kind")
    assert train.class_names == ("cat", "dog")


def test_a_folder_around_the_classes_is_told_from_a_class(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "set" / "generated", PETS)
    text = refused(tmp_path, Folder, "set")
    assert "holds one folder, generated (with cat, dog in it)" in text
    assert f'path = "{tmp_path / "set" / "generated"}"' in text
    assert len(load_from(tmp_path, Folder, "set/generated")[0].images) == 36


def test_classes_can_come_from_several_data_sets(tmp_path: Path) -> None:
    faces = np.full((30, 3, 20, 18), 10, dtype=np.uint8)
    faces[:, :, 3:17, 2:16] = 250
    deep = tmp_path / "celeba" / "img_align_celeba"
    deep.mkdir(parents=True)
    for i, face in enumerate(faces):
        as_picture(face).save(deep / f"{i}.png")
    drawn = [encode(image) for image in np.full((20, 3, 9, 9), 90, dtype=np.uint8)]
    write_parquet(tmp_path / "anime" / "train.parquet", drawn, None)
    options = {
        "classes": [
            {"name": "celeba", "path": "celeba", "center_crop": 14},
            {"name": "anime", "path": "anime", "max_train": 7},
        ]
    }
    shape = ImageShape(3, 8, 8, 2)
    source = Folder(request("folder", shape, tmp_path, options=options))
    train, test = load(source)
    assert train.class_names == ("celeba", "anime")
    assert np.bincount(train.labels).tolist() == [27, 7]
    assert np.bincount(test.labels).tolist() == [3, 2]
    assert (train.images[train.labels == 0] == 250).all()
    assert (train.images[train.labels == 1] == 90).all()
    assert len(set(train.labels[:12].tolist())) == 2, "any prefix should hold both classes"
    assert len(list(source.files())) == 31


def test_a_class_that_is_missing_is_named(tmp_path: Path) -> None:
    options = {"classes": [{"name": "celeba", "path": "faces/celeba"}]}
    with pytest.raises(DataError, match=r"faces/celeba") as caught:
        Folder(request("folder", SHAPES, tmp_path, options=options)).prepare()
    assert "'celeba'" in caught.value.hint


def test_a_class_with_its_own_splits_keeps_them(tmp_path: Path) -> None:
    for split, n in (("train", 5), ("test", 3)):
        folder = tmp_path / "faces" / split
        folder.mkdir(parents=True)
        for i, image in enumerate(pixels(n)):
            as_picture(image).save(folder / f"{i}.png")
    options = {"classes": [{"name": n, "path": "faces"} for n in ("one", "two")]}
    train, test = load(Folder(request("folder", SHAPES, tmp_path, options=options)))
    assert (len(train.images), len(test.images)) == (10, 6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pth": "x"}, "Did you mean 'path'"),
        ({"test_fraction": 1.0}, "test_fraction = 1.0"),
        ({"center_crop": 0}, "center_crop = 0"),
        ({"path": "x", "classes": [{"name": "a", "path": "a"}]}, "not both"),
        ({"classes": [{"name": "a", "path": "a"}, {"name": "a", "path": "b"}]}, "same name"),
        ({"classes": [{"name": "a", "pat": "a"}]}, "Did you mean 'path'"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Folder(request("folder", SHAPES, options=options))


def test_a_wrong_number_of_classes_is_told(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "pets", PETS)
    for n in (1, 3):
        shape = replace(SHAPES, n_classes=n)
        source = Folder(request("folder", shape, tmp_path, options={"path": "pets"}))
        said = rf"2 classes \(cat, dog\), but the benchmark says {n}"
        with pytest.raises(DataError, match=said) as caught:
            load(source)
        assert "classes = 2" in caught.value.hint
