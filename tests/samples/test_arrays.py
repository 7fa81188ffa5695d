"""Arrays, tensors, .npy and .npz: the layouts that others write, and what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from regene_bench.base.errors import DataError
from regene_bench.data.decode import DecodeOptions, fit_images
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.arrays import images_of_array
from regene_bench.samples.read import read_samples
from tests.data.builders import GREY, RGB, pixels

NAMES = ("cat", "dog", "owl")


def convert(array: Any, shape: ImageShape = RGB, *, resize: bool = False) -> np.ndarray:
    return images_of_array(array, shape, "samples", resize=resize)[0]


def refused(array: Any, shape: ImageShape = RGB) -> str:
    with pytest.raises(DataError) as caught:
        convert(array, shape)
    assert caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_channels_may_be_first_or_last(kind: Any, channels_last: bool) -> None:
    images = pixels(5, 3)
    given = np.ascontiguousarray(images.transpose(0, 2, 3, 1)) if channels_last else images
    np.testing.assert_array_equal(convert(kind(given)), images)


def test_grey_images_need_no_axis_of_channels() -> None:
    images = pixels(5)
    np.testing.assert_array_equal(convert(images[:, 0], GREY), images)
    np.testing.assert_array_equal(convert(np.repeat(images, 3, axis=1), GREY), images)


@pytest.mark.parametrize("shape", [ImageShape(3, 3, 4, 2), ImageShape(3, 4, 3, 2)])
def test_the_benchmarks_shape_settles_which_axis_is_which(shape: ImageShape) -> None:
    images = pixels(2, 3, shape.height, shape.width)
    np.testing.assert_array_equal(convert(images, shape), images)
    np.testing.assert_array_equal(convert(images.transpose(0, 2, 3, 1), shape), images)


def test_a_shape_that_says_too_little_is_refused() -> None:
    assert "channels first or last" in refused(pixels(2, 3, 3, 3), ImageShape(3, 3, 3, 2))
    for shape in ((4, 6, 5, 2), (30,), (2, 2, 3, 6, 5)):
        assert "no shape of images" in refused(np.zeros(shape, dtype=np.uint8))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_are_rounded_as_a_saved_picture_would_be(dtype: Any) -> None:
    images = pixels(1500, 3)
    np.testing.assert_array_equal(convert((images / 255).astype(dtype)), images)
    half = np.full((1, 3, 6, 5), 0.5, dtype=dtype)
    assert (convert(half) == 128).all()


def test_bfloat16_tensors_with_gradients_are_images_too() -> None:
    tensor = torch.full((2, 3, 6, 5), 0.25, dtype=torch.bfloat16, requires_grad=True)
    assert (convert(tensor) == 64).all()


@pytest.mark.parametrize("order", ["<f4", ">f4", ">f8"])
def test_files_of_other_machines_keep_their_numbers_the_other_way_round(order: str) -> None:
    images = pixels(3, 3)
    np.testing.assert_array_equal(convert((images / 255).astype(order)), images)


@pytest.mark.parametrize(
    "value",
    [
        [pixels(1, 3)[0], pixels(1, 3, 7)[0]],
        torch.zeros(2, 3, 6, 5).to_sparse(),
        torch.zeros(2, 3, 6, 5).to(torch.float8_e4m3fn),
    ],
    ids=["several sizes", "sparse", "8-bit floats"],
)
def test_what_is_no_array_is_refused(value: Any) -> None:
    assert "no array of one shape and type" in refused(value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((-1.0, 1.0), ("-1 to 1", "(x + 1) / 2")),
        ((0.0, 255.0), ("0 to 255", "x / 255")),
        ((0.0, np.nan), ("Image 1 of samples", "not finite")),
        ((0.0, np.inf), ("Image 1 of samples", "not finite")),
    ],
)
def test_other_floats_are_refused_with_a_remedy(
    values: tuple[float, float], words: tuple[str, str]
) -> None:
    images = np.full((2, 3, 6, 5), values[0])
    images[1, 0, 0, 0] = values[1]
    text = refused(images)
    assert all(word in text for word in words)


def test_other_types_and_empty_arrays_are_refused() -> None:
    assert "int64" in refused(np.zeros((2, 3, 6, 5), dtype=np.int64))
    assert "holds no image" in refused(np.zeros((0, 3, 6, 5), dtype=np.uint8))


def test_colours_and_sizes_must_be_the_benchmarks() -> None:
    assert "is grey" in refused(pixels(2), RGB)
    assert "Image 0 of samples is in colour" in refused(pixels(2, 3), GREY)
    images = pixels(2, 3, 12, 10)
    text = refused(images)
    assert "10×12 pixels" in text
    assert "--resize" in text
    resized, size = images_of_array(images, RGB, "samples", resize=True)
    assert size == (12, 10)
    np.testing.assert_array_equal(resized, fit_images(images, RGB, DecodeOptions()))


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys",
    [("arr_0", "arr_1"), ("images", "labels"), ("x", "y"), ("out", "label"), ("x", "targets")],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_by_the_usual_names(tmp_path: Path, keys: tuple[str, str], save: Any) -> None:
    images, labels = pixels(4, 3), np.array([2, 0, 1, 1], dtype=np.int32)
    path = tmp_path / "samples.npz"
    save(path, **{keys[0]: images.transpose(0, 2, 3, 1), keys[1]: labels})
    samples = read_samples(path, RGB, NAMES)
    np.testing.assert_array_equal(samples.images, images)
    assert samples.labels is not None
    assert samples.labels.dtype == np.int64
    assert samples.labels.tolist() == [2, 0, 1, 1]


def test_npz_with_labels_under_another_name(tmp_path: Path) -> None:
    path = tmp_path / "samples.npz"
    np.savez(path, images=pixels(2, 3), drawn=np.array(["owl", "cat"]))
    unlabelled = read_samples(path, RGB, NAMES)
    assert unlabelled.labels is None
    assert unlabelled.notes == (
        "unlabelled: no array is called label or the like (there is drawn)",
    )
    named = read_samples(path, RGB, NAMES, labels="drawn").labels
    assert named is not None
    assert named.tolist() == [2, 0]
    with pytest.raises(DataError, match="Did you mean 'drawn'"):
        read_samples(path, RGB, NAMES, labels="drwan")


def test_npy_has_no_labels(tmp_path: Path) -> None:
    images = pixels(3)
    np.save(tmp_path / "samples.npy", images[:, 0])
    samples = read_samples(tmp_path / "samples.npy", GREY, NAMES)
    np.testing.assert_array_equal(samples.images, images)
    assert samples.labels is None


def failure(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read_samples(path, RGB, NAMES, **options)
    assert caught.value.hint
    return str(caught.value)


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    objects = np.array([Trap()], dtype=object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "a.npz", images=objects)
    for name in ("a.npy", "a.npz"):
        assert "pickled objects" in failure(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_torn_array_files_are_named(tmp_path: Path, name: str, share: float) -> None:
    path = tmp_path / name
    (np.save if name == "a.npy" else np.savez)(path, pixels(20, 3))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert f"Cannot read {path}: it is damaged" in failure(path)


def test_an_array_that_declares_more_than_it_holds_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w") as archive, archive.open("arr_0.npy", "w") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (10**12, 6, 5, 3)}
        np.lib.format.write_array_header_1_0(file, header)
    assert "another size than its header says" in failure(path)


def test_an_npz_must_say_which_array_is_meant(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", real=pixels(2, 3), made=pixels(2, 3))
    text = failure(tmp_path / "two.npz")
    assert "real [2, 3, 6, 5]" in text
    assert "called 'images'" in text
    np.savez(tmp_path / "none.npz")
    assert "holds no array" in failure(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([0, 3]), "the label 3"),
        (np.array([0, -1]), "the label -1"),
        (np.array([0.0, 1.0]), "float64"),
        (np.eye(2, 3, dtype=np.int64), "argmax"),
        (np.array([0, 1, 2]), "2 images"),
        (np.array(["cat", "cow"]), "'cow'"),
    ],
)
def test_labels_that_do_not_fit_are_refused(tmp_path: Path, labels: np.ndarray, words: str) -> None:
    np.savez(tmp_path / "a.npz", images=pixels(2, 3), labels=labels)
    assert words in failure(tmp_path / "a.npz")
