"""Every usual layout reads as the same images; what is damaged is named."""

from __future__ import annotations

import gzip
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regene_bench.data.class_folders import find_class_folders
from regene_bench.data.decode import DecodeOptions
from regene_bench.data.layouts import Layout, LayoutOptions, detect_layout
from regene_bench.data.parquet_images import ParquetOptions
from regene_bench.data.split import hashed_test_mask
from regene_bench.errors import DataError
from regene_bench.interfaces import ImageSet, ImageShape

from .builders import (
    GREY,
    as_picture,
    cyclic_labels,
    encode,
    image_set,
    pixels,
    same_images,
    write_class_folders,
    write_idx,
    write_idx_set,
    write_parquet,
)

TRAIN, TEST = image_set(12), image_set(6, seed=1)


def found(folder: Path, options: LayoutOptions | None = None) -> Layout:
    layout = detect_layout(folder, options or LayoutOptions())
    assert layout is not None
    return layout


def parquet_set(folder: Path, **options: Any) -> None:
    for split, data in (("train", TRAIN), ("test", TEST)):
        write_parquet(
            folder / f"{split}-00000-of-00001.parquet",
            [encode(image) for image in data.images],
            data.labels,
            **({"class_names": data.class_names} | options),
        )


def split_folders(folder: Path) -> None:
    write_class_folders(folder / "train", TRAIN)
    write_class_folders(folder / "test", TEST)


def torchvision_set(folder: Path) -> None:
    write_idx_set(folder / "MNIST" / "raw", TRAIN, TEST, suffix="")


LAYOUTS: dict[str, Callable[[Path], None]] = {
    "torchvision's": torchvision_set,
    "torchvision's raw folder": lambda f: write_idx_set(f / "raw", TRAIN, TEST, suffix=""),
    "idx, gzipped": lambda f: write_idx_set(f, TRAIN, TEST),
    "idx, plain": lambda f: write_idx_set(f, TRAIN, TEST, suffix=""),
    "idx, with dots": lambda f: write_idx_set(f, TRAIN, TEST, suffix="", dash="."),
    "Parquet": parquet_set,
    "Parquet in data/": lambda f: parquet_set(f / "data"),
    "Parquet in a subfolder": lambda f: parquet_set(f / "plain_text"),
    "Parquet of plain bytes": lambda f: parquet_set(f, nested=False, image_column="img"),
    "class folders": split_folders,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_holds_the_same_images(tmp_path: Path, layout: str) -> None:
    LAYOUTS[layout](tmp_path)
    here = found(tmp_path, LayoutOptions(torchvision_name="MNIST"))
    for split, data in (("train", TRAIN), ("test", TEST)):
        read = here.read(split, GREY, None)  # type: ignore[arg-type]
        names = data.class_names if read.class_names != ("0", "1", "2") else read.class_names
        assert same_images(read, ImageSet(data.images, data.labels, names))
        assert read.images.dtype == np.uint8
        assert read.labels.dtype == np.int64
    assert here.files
    assert all(path.is_file() for path in here.files)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_fitted_to_the_shape(tmp_path: Path, layout: str) -> None:
    LAYOUTS[layout](tmp_path)
    options = LayoutOptions(torchvision_name="MNIST", decode=DecodeOptions(center_crop=4))
    read = found(tmp_path, options).read("train", ImageShape(3, 8, 8, 3), None)
    assert read.images.shape == (12, 3, 8, 8)


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "read me.txt").touch()
    assert detect_layout(tmp_path, LayoutOptions(torchvision_name="MNIST")) is None


# --- idx ------------------------------------------------------------------------------------------


def test_a_missing_idx_file_is_named(tmp_path: Path) -> None:
    write_idx_set(tmp_path, TRAIN, TEST)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte"):
        detect_layout(tmp_path, LayoutOptions())


def _cut(content: bytes) -> bytes:
    return content[:-7]


def _grown(content: bytes) -> bytes:
    return content + b"\0"


def _wrong_magic(content: bytes) -> bytes:
    return b"\0\0\x0d\x03" + content[4:]


def _absurd_header(content: bytes) -> bytes:
    return content[:4] + b"\xff" * 12 + content[16:]


def _header_only(content: bytes) -> bytes:
    return content[:9]


@pytest.mark.parametrize("damage", [_cut, _grown, _wrong_magic, _absurd_header, _header_only])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_damaged_idx_file_is_named(
    tmp_path: Path, suffix: str, damage: Callable[[bytes], bytes]
) -> None:
    write_idx_set(tmp_path, TRAIN, TEST, suffix=suffix)
    path = tmp_path / f"train-images-idx3-ubyte{suffix}"
    content = path.read_bytes()
    bad = damage(gzip.decompress(content) if suffix else content)
    path.write_bytes(gzip.compress(bad) if suffix else bad)
    with pytest.raises(DataError, match="train-images-idx3-ubyte") as caught:
        found(tmp_path).read("train", GREY, None)
    assert "corrupt" in caught.value.message


@pytest.mark.parametrize("damage", ["truncated", "flipped", "not gzip"])
def test_a_damaged_gzip_is_named(tmp_path: Path, damage: str) -> None:
    write_idx_set(tmp_path, TRAIN, TEST)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        content = content[:-20]
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    else:
        content = bytearray(b"<html>404</html>")
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz is corrupt"):
        found(tmp_path).read("train", GREY, None)


def test_more_images_than_labels_is_an_error(tmp_path: Path) -> None:
    write_idx_set(tmp_path, TRAIN, TEST)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", TRAIN.labels[:5])
    with pytest.raises(DataError, match=r"12 images, but .*train-labels.* 5 labels"):
        found(tmp_path).read("train", GREY, None)


# --- CIFAR-10's pickles ---------------------------------------------------------------------------


class Exploit:
    """Unpickling it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.trace,))


CIFAR = LayoutOptions(torchvision_name="cifar-10-batches-py")


def test_a_pickle_that_is_not_the_official_one_is_refused_unopened(tmp_path: Path) -> None:
    batches = tmp_path / "cifar-10-batches-py"
    batches.mkdir()
    trace = tmp_path / "trace"
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta"):
        (batches / name).write_bytes(pickle.dumps(Exploit(trace)))
    with pytest.raises(DataError, match=r"data_batch_1 is not the official file"):
        detect_layout(tmp_path, CIFAR)
    assert not trace.exists()


def test_the_official_batches_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import CIFAR10

    images = pixels(12, 3, 32, 32)
    labels = cyclic_labels(12)
    contents = {
        name: {"data": images[i : i + 2].reshape(2, -1), "labels": labels[i : i + 2].tolist()}
        for name, i in [(f"data_batch_{b}", 2 * b - 2) for b in range(1, 6)] + [("test_batch", 10)]
    }
    contents["batches.meta"] = {"label_names": ["x", "y", "z"]}
    batches = tmp_path / "cifar-10-batches-py"
    batches.mkdir()
    sums = {}
    for name, content in contents.items():
        (batches / name).write_bytes(pickle.dumps(content))
        sums[name] = hashlib.md5((batches / name).read_bytes()).hexdigest()
    train = [[f"data_batch_{i}", sums[f"data_batch_{i}"]] for i in range(1, 6)]
    monkeypatch.setattr(CIFAR10, "train_list", train)
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": sums["batches.meta"]})

    shape = ImageShape(3, 32, 32, 3)
    for folder in (tmp_path, batches):
        layout = found(folder, CIFAR)
        read = layout.read("train", shape, None)
        np.testing.assert_array_equal(read.images, images[:10])
        np.testing.assert_array_equal(read.labels, labels[:10])
        assert read.class_names == ("x", "y", "z")
        np.testing.assert_array_equal(layout.read("test", shape, None).images, images[10:])

    (batches / "data_batch_3").write_bytes(b"damaged")
    with pytest.raises(DataError, match="data_batch_3"):
        layout.read("train", shape, None)


# --- Parquet --------------------------------------------------------------------------------------


def test_rows_keep_their_order_over_files_and_row_groups(tmp_path: Path) -> None:
    for part in (0, 1):
        some = slice(6 * part, 6 * part + 6)
        write_parquet(
            tmp_path / f"train-0000{part}-of-00002.parquet",
            [encode(image) for image in TRAIN.images[some]],
            TRAIN.labels[some],
        )
    write_parquet(tmp_path / "test.parquet", [encode(i) for i in TEST.images], TEST.labels)
    read = found(tmp_path).read("train", GREY, None)
    np.testing.assert_array_equal(read.images, TRAIN.images)
    np.testing.assert_array_equal(read.labels, TRAIN.labels)


def test_without_test_files_a_part_of_each_class_is_held_out(tmp_path: Path) -> None:
    data = image_set(60)
    write_parquet(tmp_path / "train.parquet", [encode(i) for i in data.images], data.labels)
    layout = found(tmp_path, LayoutOptions(parquet=ParquetOptions(test_fraction=0.2)))
    train, test = layout.read("train", GREY, None), layout.read("test", GREY, None)
    assert np.bincount(test.labels).tolist() == [4, 4, 4]
    both = ImageSet(
        np.concatenate([train.images, test.images]),
        np.concatenate([train.labels, test.labels]),
        data.class_names,
    )
    assert same_images(both, data)


def test_labels_can_be_strings(tmp_path: Path) -> None:
    images = [encode(image) for image in TRAIN.images[:4]]
    write_parquet(tmp_path / "train.parquet", images, ["dog", "cat", "eel", "cat"])
    write_parquet(tmp_path / "test.parquet", images[:2], ["eel", "dog"])
    layout = found(tmp_path)
    train, test = layout.read("train", GREY, None), layout.read("test", GREY, None)
    assert train.class_names == test.class_names == ("cat", "dog", "eel")
    assert train.labels.tolist() == [1, 0, 2, 0]
    assert test.labels.tolist() == [2, 1]


def test_columns_can_be_named(tmp_path: Path) -> None:
    parquet_set(tmp_path, image_column="picture", label_column="kind")
    with pytest.raises(DataError, match=r"train.*no column 'image' or 'img'") as caught:
        found(tmp_path).read("train", GREY, None)
    assert "image_column" in caught.value.hint
    named = LayoutOptions(parquet=ParquetOptions("picture", "kind"))
    assert found(tmp_path, named).read("train", GREY, None).class_names == TRAIN.class_names
    wrong = LayoutOptions(parquet=ParquetOptions("pictures", "kind"))
    with pytest.raises(DataError, match="Did you mean 'picture'"):
        found(tmp_path, wrong).read("train", GREY, None)


@pytest.mark.parametrize("damage", ["truncated", "text", "overwritten"])
def test_a_damaged_parquet_file_is_named(tmp_path: Path, damage: str) -> None:
    parquet_set(tmp_path)
    path = tmp_path / "train-00000-of-00001.parquet"
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        content = content[: len(content) // 2]
    elif damage == "text":
        content = bytearray(b"no Parquet at all")
    else:
        content[4 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4)
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"train-00000-of-00001\.parquet"):
        found(tmp_path).read("train", GREY, None)


def test_a_damaged_image_is_named_by_file_and_row(tmp_path: Path) -> None:
    parquet_set(tmp_path)
    images = [encode(image) for image in TRAIN.images]
    images[9] = images[9][:40]
    path = tmp_path / "train-00000-of-00001.parquet"
    write_parquet(path, images, TRAIN.labels)
    with pytest.raises(DataError, match=r"row 9 of .*train-00000-of-00001\.parquet"):
        found(tmp_path).read("train", GREY, None)


def test_rows_without_image_or_label_are_named(tmp_path: Path) -> None:
    images: list[bytes | None] = [encode(image) for image in TRAIN.images]
    labels: list[int | None] = TRAIN.labels.tolist()
    path = tmp_path / "train.parquet"
    write_parquet(tmp_path / "test.parquet", images, labels)
    write_parquet(path, [*images[:7], None, *images[8:]], labels)
    with pytest.raises(DataError, match=r"train\.parquet has no image bytes in row 7"):
        found(tmp_path).read("train", GREY, None)
    write_parquet(path, images, [*labels[:5], None, *labels[6:]])
    with pytest.raises(DataError, match=r"train\.parquet has no label in row 5"):
        found(tmp_path).read("train", GREY, None)


def test_columns_of_the_wrong_type_are_refused(tmp_path: Path) -> None:
    parquet_set(tmp_path)
    swapped = LayoutOptions(parquet=ParquetOptions("label", "label"))
    with pytest.raises(DataError, match="holds int64, not images"):
        found(tmp_path, swapped).read("train", GREY, None)
    swapped = LayoutOptions(parquet=ParquetOptions("image", "image"))
    with pytest.raises(DataError, match="not integers or strings"):
        found(tmp_path, swapped).read("train", GREY, None)


# --- class folders --------------------------------------------------------------------------------


def test_the_held_out_part_is_stratified_and_always_the_same(tmp_path: Path) -> None:
    write_class_folders(tmp_path, image_set(60))
    one = find_class_folders(tmp_path, test_fraction=0.1)
    again = find_class_folders(tmp_path, test_fraction=0.1)
    assert one is not None
    assert again is not None
    assert one.test.paths == again.test.paths
    assert np.bincount(one.test.labels).tolist() == [2, 2, 2]
    assert np.bincount(one.train.labels).tolist() == [18, 18, 18]
    assert not set(one.test.paths) & set(one.train.paths)


def test_where_the_folder_lies_does_not_change_the_split(tmp_path: Path) -> None:
    names = []
    for place in ("here", "there"):
        write_class_folders(tmp_path / place, image_set(60))
        files = find_class_folders(tmp_path / place, test_fraction=0.3)
        assert files is not None
        names.append([path.relative_to(tmp_path / place) for path in files.test.paths])
    assert names[0] == names[1]


@pytest.mark.parametrize(("n", "expected"), [(1, 0), (2, 1), (3, 1), (10, 1), (26, 3)])
def test_small_classes_keep_an_image_in_each_split(n: int, expected: int) -> None:
    keys = [str(i) for i in range(n)]
    assert hashed_test_mask(keys, np.zeros(n, dtype=np.int64), 0.1).sum() == expected


def test_images_lie_at_any_depth_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    split_folders(tmp_path)
    deep = tmp_path / "train" / "class 0" / "a" / "b"
    deep.mkdir(parents=True)
    as_picture(pixels(1)[0]).save(deep / "deep.PNG")
    (tmp_path / "train" / "class 0" / "._000.png").write_bytes(b"resource fork")
    (tmp_path / "train" / ".cache").mkdir()
    (tmp_path / "train" / "class 0" / "Thumbs.db").touch()
    assert len(found(tmp_path).read("train", GREY, None).images) == 13


def test_a_class_that_is_only_in_the_test_split_is_an_error(tmp_path: Path) -> None:
    split_folders(tmp_path)
    (tmp_path / "test" / "class x").mkdir()
    as_picture(pixels(1)[0]).save(tmp_path / "test" / "class x" / "1.png")
    with pytest.raises(DataError, match="class x"):
        detect_layout(tmp_path, LayoutOptions())


def test_bare_class_folders_are_not_plainly_a_data_set(tmp_path: Path) -> None:
    write_class_folders(tmp_path, TRAIN)
    assert detect_layout(tmp_path, LayoutOptions()) is not None
    assert detect_layout(tmp_path, LayoutOptions(plain_only=True)) is None
