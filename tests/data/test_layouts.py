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

from regene_bench.base.errors import DataError
from regene_bench.data.decode import DecodeOptions
from regene_bench.data.layouts import LayoutOptions, detect_layout
from regene_bench.data.shapes import ImageShape
from regene_bench.data.source import ImageSet

from .builders import (
    GREY,
    cyclic_labels,
    pixels,
    same_images,
    write_idx,
    write_idx_set,
)
from .layout_builders import TEST, TRAIN, found, parquet_set, split_folders, torchvision_set

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
