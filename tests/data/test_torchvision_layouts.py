"""What torchvision downloaded: how each of its data sets is read, and what is refused."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from regene_bench_plugins.datasets.torchvision_source import Torchvision
from torchvision import datasets

from regene_bench.base.errors import ConfigError, DataError
from regene_bench.base.events import Event, Message
from regene_bench.data.load import LoadedDataset, load_dataset
from regene_bench.data.shapes import ImageShape
from tests.data.builders import request, same_images
from tests.real_formats.format import Format, content
from tests.real_formats.torchvision_sets import TORCHVISION
from tests.real_formats.torchvision_writers import write_emnist

WRITTEN = {one.name.removeprefix("torchvision's ").split(" ")[0]: one for one in TORCHVISION}
HOME = "torchvision"
DIGITS = ImageShape(1, 28, 28, 10)


def write(one: Format, root: Path) -> Path:
    one.write(root.parent, one.content)
    (root.parent / "the set").rename(root)
    return root


def load(
    shape: ImageShape, *roots: Path, name: str = HOME, told: list[str] | None = None, **options: Any
) -> LoadedDataset:
    def tell(event: Event) -> None:
        if told is not None and isinstance(event, Message):
            told.append(event.text)

    source = Torchvision(request(name, shape, *roots, options=options))
    return load_dataset(source, source_name="torchvision", progress=tell, decode_again=True)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "cache"))


def test_torchvisions_root_may_be_the_data_folder_or_lie_in_it(tmp_path: Path) -> None:
    one = WRITTEN["KMNIST"]
    root = write(one, tmp_path / "anything")
    assert same_images(load(DIGITS, root, dataset="KMNIST").test, one.content.test)
    shown = load(DIGITS, tmp_path, dataset="KMNIST", path="anything")
    assert same_images(shown.test, one.content.test)
    root.rename(tmp_path / HOME)
    assert same_images(load(DIGITS, tmp_path, dataset="KMNIST").test, one.content.test)


@pytest.mark.parametrize(
    ("split", "n_classes"),
    [("byclass", 62), ("bymerge", 47), ("balanced", 47), ("digits", 10), ("mnist", 10)],
)
def test_emnist_has_the_classes_of_its_split(tmp_path: Path, split: str, n_classes: int) -> None:
    names = [str(i) for i in range(n_classes)]
    made = content(1, 28, 28, names, train=2 * n_classes, test=n_classes)
    write_emnist(split)(tmp_path, made)
    found = load(ImageShape(1, 28, 28, n_classes), tmp_path, dataset="EMNIST", split=split)
    np.testing.assert_array_equal(found.test.images, made.test.images)
    np.testing.assert_array_equal(found.test.labels, made.test.labels)
    in_order = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    expected = in_order if n_classes == 62 else re.sub("[cijklmopsuvwxyz]", "", in_order)
    assert "".join(found.test.class_names) == expected[:n_classes]


def test_coarse_classes_of_cifar_100(tmp_path: Path) -> None:
    one = WRITTEN["CIFAR-100"]
    write(one, tmp_path / HOME)
    found = load(ImageShape(3, 32, 32, 20), tmp_path, dataset="CIFAR100", coarse=True)
    assert found.test.class_names == tuple(f"coarse {i}" for i in range(20))
    np.testing.assert_array_equal(found.train.labels, one.content.train.labels // 5)
    np.testing.assert_array_equal(found.test.images, one.content.test.images)


@pytest.mark.parametrize(("attribute", "expected"), [("Bald", {1}), ("Young", {0})])
def test_every_attribute_of_celeba_makes_two_classes(
    tmp_path: Path, attribute: str, expected: set[int]
) -> None:
    write(WRITTEN["CelebA"], tmp_path / HOME)
    found = load(ImageShape(3, 24, 16, 2), tmp_path, dataset="CelebA", attribute=attribute)
    assert found.train.class_names == (f"not {attribute}", attribute)
    assert set(found.train.labels) == expected


def test_celeba_is_cropped_before_it_is_resized(tmp_path: Path) -> None:
    one = WRITTEN["CelebA"]
    write(one, tmp_path / HOME)
    options = {"dataset": "CelebA", "attribute": "Smiling", "center_crop": 16}
    found = load(ImageShape(3, 16, 16, 2), tmp_path, **options)
    np.testing.assert_array_equal(found.test.images, one.content.test.images[:, :, 4:20])


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("STL-10", "the unlabelled images of STL-10 are not read"),
        ("CelebA", "the validation images of CelebA are not read"),
    ],
)
def test_what_is_left_out_is_said(tmp_path: Path, name: str, left_out: str) -> None:
    one = WRITTEN[name]
    write(one, tmp_path / HOME)
    told: list[str] = []
    load(one.content.shape, tmp_path, told=told, **one.options)
    assert told == [f"torchvision: {left_out}"]


def test_stl_10_without_its_list_of_classes_takes_the_protocols(tmp_path: Path) -> None:
    one = WRITTEN["STL-10"]
    root = write(one, tmp_path / HOME)
    (root / "stl10_binary" / "class_names.txt").unlink()
    shape = one.content.shape
    assert load(shape, tmp_path, dataset="STL10").test.class_names == tuple("0123456789")
    names = list(one.content.test.class_names)
    found = load(shape, tmp_path, dataset="STL10", class_names=names)
    assert same_images(found.test, one.content.test)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"dataset": "EMNIST"}, "split is for EMNIST, which needs it"),
        ({"dataset": "KMNIST", "split": "letters"}, "split is for EMNIST"),
        ({"dataset": "SVHN", "split": "extra"}, "the test images are read: leave it out."),
        ({"dataset": "EMNIST", "split": "train"}, "'balanced', 'byclass'"),
        ({"dataset": "CelebA"}, "attribute is for CelebA, which needs it"),
        ({"dataset": "SVHN", "coarse": True}, "coarse is for CIFAR100"),
        ({"dataset": "CIFAR10"}, 'source of its own: source = "cifar10"'),
        ({"dataset": "FashionMNIST"}, 'source = "fashion-mnist"'),
        ({"dataset": "LSUN"}, "'KMNIST', 'EMNIST'"),
        ({}, "dataset"),
    ],
)
def test_options_that_a_data_set_has_not(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(problem)):
        Torchvision(request(HOME, DIGITS, options=options))


def test_an_attribute_that_is_not_in_the_list(tmp_path: Path) -> None:
    write(WRITTEN["CelebA"], tmp_path / HOME)
    with pytest.raises(DataError, match="no attribute 'smiling'") as refused:
        load(ImageShape(3, 24, 16, 2), tmp_path, dataset="CelebA", attribute="smiling")
    assert refused.value.hint == "Did you mean 'Smiling'?"


@pytest.mark.parametrize("name", ["CIFAR-100", "SVHN", "STL-10", "CelebA"])
def test_files_that_are_not_the_published_ones(tmp_path: Path, name: str) -> None:
    one = WRITTEN[name]
    root = write(one, tmp_path / HOME)
    torn = {
        "CIFAR-100": "cifar-100-python/train",
        "SVHN": "train_32x32.mat",
        "STL-10": "stl10_binary/train_X.bin",
        "CelebA": "celeba/list_attr_celeba.txt",
    }[name]
    with (root / torn).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(DataError, match="is missing, or is not the published one") as refused:
        load(one.content.shape, tmp_path, **one.options)
    assert str(root) in refused.value.message
    assert f"{one.options['dataset']}({str(root)!r}" in str(refused.value.hint)


@pytest.mark.parametrize("name", ["KMNIST", "EMNIST", "QMNIST"])
@pytest.mark.parametrize("kind", ["images", "labels"])
def test_torn_files(tmp_path: Path, name: str, kind: str) -> None:
    one = WRITTEN[name]
    root = write(one, tmp_path / HOME)
    torn = next(path for path in sorted(root.rglob("*train*")) if kind in path.name)
    torn.write_bytes(torn.read_bytes()[:-3])
    with pytest.raises(DataError, match="torchvision cannot read the train split") as refused:
        load(one.content.shape, tmp_path, **one.options)
    assert str(root) in refused.value.message


def test_other_classes_than_the_benchmark_has(tmp_path: Path) -> None:
    write(WRITTEN["KMNIST"], tmp_path / HOME)
    with pytest.raises(DataError, match=r"has 10 classes \(o, ki, .*\), but the benchmark says 9"):
        load(ImageShape(1, 28, 28, 9), tmp_path, dataset="KMNIST")


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ({"dataset": "KMNIST"}, ["KMNIST(root, download=True)"]),
        (
            {"dataset": "EMNIST", "split": "letters"},
            ["EMNIST(root, split='letters', download=True)"],
        ),
        (
            {"dataset": "QMNIST"},
            [
                "QMNIST(root, train=True, download=True)",
                "QMNIST(root, train=False, download=True)",
            ],
        ),
        (
            {"dataset": "SVHN"},
            ["SVHN(root, split='train', download=True)", "SVHN(root, split='test', download=True)"],
        ),
        ({"dataset": "CelebA", "attribute": "Bald"}, ["CelebA(root, download=True)"]),
    ],
)
def test_the_hint_downloads_what_is_missing_where_it_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], calls: list[str]
) -> None:
    with pytest.raises(DataError, match="was not found") as refused:
        load(DIGITS, tmp_path / "data", **options)
    assert str(tmp_path / "data" / HOME) in refused.value.message
    _, _, command = str(refused.value.hint).partition("download it: ")
    python, flag, code = shlex.split(command)
    assert (python, flag) == ("python", "-c")
    made: list[str] = []

    def record(root: str, **arguments: Any) -> None:
        assert root == str(tmp_path / "data" / HOME)
        listed = "".join(f"{key}={value!r}, " for key, value in arguments.items())
        made.append(f"{options['dataset']}(root, {listed}".removesuffix(", ") + ")")

    monkeypatch.setattr(datasets, options["dataset"], record)
    exec(code, {})
    assert made == calls


def test_pickles_that_are_not_the_published_ones_are_not_opened(tmp_path: Path) -> None:
    one = WRITTEN["CIFAR-100"]
    root = write(one, tmp_path / HOME)
    meta = root / "cifar-100-python" / "meta"
    meta.write_bytes(b"not a pickle")
    for coarse, n_classes in ((False, 100), (True, 20)):
        with pytest.raises(DataError, match="is missing, or is not the published one"):
            load(ImageShape(3, 32, 32, n_classes), tmp_path, dataset="CIFAR100", coarse=coarse)
