"""A folder of images, or of class folders: exact pixels, or an error that names the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from regene_bench.base.errors import RegeneBenchError, UsageError
from regene_bench.data.decode import DecodeOptions, fit_images
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.read import read_samples
from tests.data.builders import GREY, RGB, as_picture, encode, pixels

NAMES = ("cat", "dog", "owl")


def write(folder: Path, images: np.ndarray, *places: str) -> None:
    """Write PNG files, round robin into folders below (or into the folder itself)."""
    for i, image in enumerate(images):
        place = folder / places[i % len(places)] if places else folder
        place.mkdir(parents=True, exist_ok=True)
        as_picture(image).save(place / f"{i:03}.png")


def message(path: Path, shape: ImageShape = GREY, **options: object) -> str:
    with pytest.raises(RegeneBenchError) as caught:
        read_samples(path, shape, NAMES, **options)  # type: ignore[arg-type]
    assert caught.value.hint or isinstance(caught.value, UsageError)
    return str(caught.value)


@pytest.mark.parametrize(("shape", "channels"), [(GREY, 1), (RGB, 3)])
def test_a_flat_folder_keeps_every_pixel_in_the_order_of_names(
    tmp_path: Path, shape: ImageShape, channels: int
) -> None:
    images = pixels(300, channels)
    write(tmp_path, images)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "._000.png").write_text("left by an unpacker")
    told: list[tuple[int, int]] = []
    samples = read_samples(
        tmp_path, shape, NAMES, progress=lambda done, total: told.append((done, total))
    )
    np.testing.assert_array_equal(samples.images, images)
    assert samples.labels is None
    assert samples.resized_from is None
    assert samples.source == str(tmp_path)
    assert told == [(256, 300), (300, 300)]


@pytest.mark.parametrize("folders", [NAMES, ("0", "1", "2"), ("00", "01", "02")])
def test_class_folders_go_by_name_or_by_number(tmp_path: Path, folders: tuple[str, ...]) -> None:
    images = pixels(7)
    write(tmp_path, images, *folders)
    samples = read_samples(tmp_path, GREY, NAMES)
    assert samples.labels is not None
    assert samples.labels.dtype == np.int64
    assert samples.labels.tolist() == [0, 0, 0, 1, 1, 2, 2]
    np.testing.assert_array_equal(samples.images, images[[0, 3, 6, 1, 4, 2, 5]])


def test_names_win_where_classes_are_called_by_other_numbers(tmp_path: Path) -> None:
    write(tmp_path, pixels(2), "3", "1")
    samples = read_samples(tmp_path, GREY, ("1", "3", "7"))
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 1]


def test_images_may_lie_deeper_below_their_class(tmp_path: Path) -> None:
    write(tmp_path, pixels(2), "cat/first", "owl/second/third")
    samples = read_samples(tmp_path, GREY, NAMES)
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 2]


def test_an_unknown_class_gets_a_guess_or_the_list(tmp_path: Path) -> None:
    write(tmp_path, pixels(2), "cat", "dogs")
    text = message(tmp_path)
    assert "'dogs'" in text
    assert "Did you mean 'dog'?" in text
    write(tmp_path / "deeper", pixels(2), "images")
    assert "cat, dog, owl" in message(tmp_path / "deeper")
    write(tmp_path / "numbers", pixels(2), "0", "3")
    assert "0 to 2" in message(tmp_path / "numbers")


def test_images_beside_class_folders_are_refused(tmp_path: Path) -> None:
    write(tmp_path, pixels(1), "cat")
    as_picture(pixels(1)[0]).save(tmp_path / "preview.png")
    text = message(tmp_path)
    assert "preview.png" in text
    assert "cat/000.png" in text


def test_a_place_without_images_says_what_is_there(tmp_path: Path) -> None:
    assert "holds no image" in message(tmp_path)
    (tmp_path / "samples.npz").write_bytes(b"")
    assert "Give the file samples.npz itself." in message(tmp_path)
    assert "There is no file or folder" in message(tmp_path / "nowhere")
    (tmp_path / "samples.mp4").write_bytes(b"")
    assert "Cannot tell what" in message(tmp_path / "samples.mp4")


def test_tables_of_pixels_in_a_folder_are_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("label,pixel0\n0,1\n")
    assert "Give the file test.csv itself." in message(tmp_path)
    assert "Give the file test.csv itself." in message(tmp_path, split="test")


@pytest.mark.parametrize("around", ["generated", "run 1/generated"])
def test_folders_around_class_folders_are_no_classes(tmp_path: Path, around: str) -> None:
    for i, name in enumerate(NAMES):
        write(tmp_path / around / name, pixels(1, seed=i))
    samples = read_samples(tmp_path, GREY, NAMES)
    assert samples.labels is not None
    assert samples.labels.tolist() == list(range(len(NAMES)))


def test_a_misspelt_class_alone_is_not_taken_for_a_folder_around(tmp_path: Path) -> None:
    write(tmp_path / "ct", pixels(2))
    assert "the class 'ct'" in message(tmp_path)


@pytest.mark.parametrize("kept", [0, 20, 60])
def test_a_damaged_file_is_named(tmp_path: Path, kept: int) -> None:
    write(tmp_path, pixels(3))
    (tmp_path / "001.png").write_bytes(encode(pixels(1)[0])[:kept])
    text = message(tmp_path)
    assert str(tmp_path / "001.png") in text
    assert "Cannot decode" in text


def test_mixed_sizes_name_two_files(tmp_path: Path) -> None:
    write(tmp_path, pixels(3))
    Image.new("L", (9, 8)).save(tmp_path / "100.png")
    text = message(tmp_path)
    assert f"{tmp_path / '000.png'} is 5×6 pixels" in text
    assert f"{tmp_path / '100.png'} is 9×8 pixels" in text
    assert "--resize" in text


def test_where_resizing_is_asked_for_each_image_is_resized_from_its_own_size(
    tmp_path: Path,
) -> None:
    sets = [pixels(2), pixels(2, height=12, width=10, seed=1), pixels(1, height=6, seed=2, width=9)]
    for name, images in zip("abc", sets, strict=True):
        write(tmp_path, images, name)
    samples = read_samples(tmp_path, GREY, NAMES, labels="none", resize=True)
    expected = [fit_images(images, GREY, DecodeOptions()) for images in sets]
    np.testing.assert_array_equal(samples.images, np.concatenate(expected))
    assert samples.sizes_before == "3 sizes"
    assert read_samples(tmp_path / "b", GREY, NAMES, resize=True).sizes_before == "10×12"
    assert read_samples(tmp_path / "a", GREY, NAMES, resize=True).sizes_before == ""


def test_another_size_is_refused_or_resized_and_recorded(tmp_path: Path) -> None:
    images = pixels(3, height=12, width=10)
    write(tmp_path, images)
    text = message(tmp_path)
    assert "10×12 pixels" in text
    assert "5×6" in text
    assert "--resize" in text
    samples = read_samples(tmp_path, GREY, NAMES, resize=True)
    assert samples.resized_from == (12, 10)
    np.testing.assert_array_equal(samples.images, fit_images(images, GREY, DecodeOptions()))


def test_wrong_sizes_that_are_also_mixed_are_called_mixed(tmp_path: Path) -> None:
    write(tmp_path, pixels(1, height=12))
    Image.new("L", (9, 8)).save(tmp_path / "100.png")
    assert "different sizes" in message(tmp_path)


def test_a_photograph_on_its_side_has_the_size_it_is_seen_in(tmp_path: Path) -> None:
    sideways = Image.new("L", (6, 5))
    exif = sideways.getexif()
    exif[0x0112] = 6
    sideways.save(tmp_path / "a.png", exif=exif)
    assert read_samples(tmp_path, GREY, NAMES).images.shape == (1, 1, 6, 5)


def test_grey_files_are_not_taken_for_colour(tmp_path: Path) -> None:
    write(tmp_path, pixels(2, 3))
    as_picture(pixels(1)[0]).save(tmp_path / "100.png")
    text = message(tmp_path, RGB)
    assert "100.png is grey" in text
    assert "convert('RGB')" in text


def test_colour_files_that_show_greys_are_grey_to_the_last_bit(tmp_path: Path) -> None:
    images = pixels(4)
    write(tmp_path, np.repeat(images, 3, axis=1))
    np.testing.assert_array_equal(read_samples(tmp_path, GREY, NAMES).images, images)


def test_colours_are_not_taken_for_grey(tmp_path: Path) -> None:
    write(tmp_path, pixels(2))
    as_picture(pixels(1, 3)[0]).save(tmp_path / "100.png")
    text = message(tmp_path)
    assert "100.png is in colour" in text
    assert "convert('L')" in text
