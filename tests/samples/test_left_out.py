"""Whatever is not read of a place of samples is counted in a note; what can be read is."""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from regene_bench.base.errors import DataError
from regene_bench.samples.read import read_samples
from tests.data.builders import GREY, RGB, as_picture, encode, pixels, write_parquet
from tests.stylegan import write_files

NAMES = ("cat", "dog", "owl")
IMAGES = pixels(6)
_STRIPS = 273  # the tag of where a page's pixels begin


def refused(place: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_samples(place, GREY, NAMES)
    assert caught.value.hint
    return str(caught.value)


def many(kind: str, images: np.ndarray = IMAGES, **options: object) -> bytes:
    """One file of several images."""
    buffer = io.BytesIO()
    first, *rest = (as_picture(image) for image in images)
    first.save(buffer, kind, save_all=True, append_images=rest, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("place", ["a", "a.zip"])
def test_files_that_are_no_images_are_counted_by_kind(tmp_path: Path, place: str) -> None:
    names = ["0.png", "1.svg", "2.svg", "README", "list.txt", ".3.png", "._0.png", ".git/4.png"]
    samples = read_samples(
        write_files(tmp_path / place, dict.fromkeys(names, encode(IMAGES[0]))), GREY, NAMES
    )
    assert len(samples) == 1
    (note,) = samples.notes
    assert note == "1 of 6 files read (left out: 2 .svg, 1 without a suffix, 1 .txt, 1 hidden)"


def test_a_file_of_labels_among_the_images_is_not_left_out(tmp_path: Path) -> None:
    write_files(tmp_path, {"0.png": encode(IMAGES[0]), "labels.txt": b"owl\n"})
    samples = read_samples(tmp_path, GREY, NAMES, labels=str(tmp_path / "labels.txt"))
    assert samples.notes == ()


@pytest.mark.parametrize(
    ("suffix", "kind", "options"),
    [
        (".jfif", "JPEG", {"quality": 100, "subsampling": 0}),
        (".jpe", "JPEG", {"quality": 100, "subsampling": 0}),
        (".jp2", "JPEG2000", {"irreversible": False}),
        (".avif", "AVIF", {"quality": 100, "subsampling": "4:4:4"}),
    ],
)
def test_younger_and_rarer_suffixes_are_images(
    tmp_path: Path, suffix: str, kind: str, options: dict[str, object]
) -> None:
    flat = np.full((1, 3, 6, 5), 77, dtype=np.uint8)
    as_picture(flat[0]).save(tmp_path / f"0{suffix}", kind, **options)
    images = read_samples(tmp_path, RGB, NAMES).images.astype(int)
    assert abs(images - flat).max() <= 2


def test_linked_class_folders_and_files_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    write_files(
        tmp_path / "elsewhere", {"dog/0.png": encode(IMAGES[1]), "x.png": encode(IMAGES[2])}
    )
    here = write_files(tmp_path / "here", {"cat/0.png": encode(IMAGES[0])})
    (here / "dog").symlink_to(tmp_path / "elsewhere" / "dog")
    (here / "owl").mkdir()
    (here / "owl" / "0.png").symlink_to(tmp_path / "elsewhere" / "x.png")
    (here / "owl" / "all").symlink_to(here)
    (here / "cat" / "itself").symlink_to("itself")
    samples = read_samples(here, GREY, NAMES)
    np.testing.assert_array_equal(samples.images, IMAGES[:3])
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 1, 2]
    assert "linked folders that lead back, not followed: 1" in samples.notes


def test_a_pipe_is_refused_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0.png")
    assert f"{tmp_path / '0.png'} is a FIFO" in refused(tmp_path)
    (tmp_path / "0.png").rename(tmp_path / "dataset.json")
    write_files(tmp_path, {"0.png": encode(IMAGES[0])})
    assert "dataset.json is not a file" in refused(tmp_path)


@pytest.mark.parametrize("place", ["a", "a.zip"])
def test_every_page_of_a_tiff_is_an_image_of_its_folders_class(tmp_path: Path, place: str) -> None:
    write_files(
        tmp_path / place,
        {
            "cat/0.png": encode(IMAGES[0]),
            "owl/0.tif": many("TIFF"),
            "owl/1.png": encode(IMAGES[1]),
        },
    )
    samples = read_samples(tmp_path / place, GREY, NAMES)
    np.testing.assert_array_equal(samples.images, IMAGES[[0, 0, 1, 2, 3, 4, 5, 1]])
    assert samples.labels is not None
    assert samples.labels.tolist() == [0] + [2] * 7
    assert samples.notes == ("6 images are pages of 1 TIFF files",)


def test_labels_of_pages_are_given_for_each_or_for_their_file(tmp_path: Path) -> None:
    write_files(tmp_path / "a", {"0.tif": many("TIFF", compression="tiff_lzw")})
    np.save(tmp_path / "labels.npy", np.array([0, 1, 2, 2, 1, 0]))
    (tmp_path / "labels.csv").write_text("0.tif,owl\n")
    for name, expected in (("labels.npy", [0, 1, 2, 2, 1, 0]), ("labels.csv", [2] * 6)):
        labels = read_samples(tmp_path / "a", GREY, NAMES, labels=str(tmp_path / name)).labels
        assert labels is not None
        assert labels.tolist() == expected


def test_a_damaged_page_is_named_and_may_be_left_out(tmp_path: Path) -> None:
    content = bytearray(many("TIFF", compression="tiff_adobe_deflate"))
    with Image.open(io.BytesIO(content)) as image:
        image.seek(3)
        (begin,) = image.tag_v2[_STRIPS]  # type: ignore[attr-defined]
    content[begin : begin + 8] = b"\xff" * 8
    write_files(tmp_path, {"0.tif": bytes(content)})
    assert f"{tmp_path / '0.tif'}, page 4" in refused(tmp_path)
    samples = read_samples(tmp_path, GREY, NAMES, skip_bad=True)
    np.testing.assert_array_equal(samples.images, np.delete(IMAGES, 3, axis=0))
    assert "1 of 6 images left out, which cannot be decoded: 0.tif, page 4" in samples.notes


def test_pages_keep_their_depth_and_colours(tmp_path: Path) -> None:
    deep = [Image.fromarray(image[0].astype(np.uint16) * 257) for image in IMAGES]
    deep[0].save(tmp_path / "a.tif", save_all=True, append_images=deep[1:])
    np.testing.assert_array_equal(read_samples(tmp_path, GREY, NAMES).images, IMAGES)


def test_previews_within_a_tiff_are_no_images(tmp_path: Path) -> None:
    preview = ImageFileDirectory_v2()
    preview[254] = 1
    with Image.new("L", (2, 3)) as small, as_picture(IMAGES[0]) as large:
        small.encoderinfo = {"tiffinfo": preview}  # type: ignore[attr-defined]
        large.save(tmp_path / "a.tif", save_all=True, append_images=[small])
    np.testing.assert_array_equal(read_samples(tmp_path, GREY, NAMES).images, IMAGES[:1])


@pytest.mark.parametrize(
    ("suffix", "kind", "options"),
    [
        (".gif", "GIF", {}),
        (".webp", "WEBP", {"lossless": True, "exact": True}),
        (".png", "PNG", {}),
        (".avif", "AVIF", {"quality": 100, "subsampling": "4:4:4"}),
    ],
)
def test_frames_of_animations_are_counted(
    tmp_path: Path, suffix: str, kind: str, options: dict[str, object]
) -> None:
    colours = {
        f"{i}{suffix}": many(kind, np.repeat(IMAGES, 3, axis=1), **options) for i in range(2)
    }
    samples = read_samples(write_files(tmp_path, colours), GREY if kind != "AVIF" else RGB, NAMES)
    assert len(samples) == 2
    assert samples.notes[-1] == "first frame alone read of animations: 2 (frames left out: 10)"
    # AVIF is told of as lossy, too
    assert len(samples.notes) == (2 if kind == "AVIF" else 1)


def test_train_and_test_parquet_are_not_one_sample(tmp_path: Path) -> None:
    for name in ("train-00000-of-00001", "test-00000-of-00001"):
        write_parquet(tmp_path / "a" / f"{name}.parquet", [encode(x) for x in IMAGES], [0] * 6)
    text = refused(tmp_path / "a")
    assert "several splits" in text
    assert "train-00000-of-00001.parquet" in text
    one = read_samples(tmp_path / "a" / "test-00000-of-00001.parquet", GREY, NAMES)
    assert len(one) == 6
    (tmp_path / "b").mkdir()
    for name in ("train-00000-of-00002", "train-00001-of-00002"):
        write_parquet(tmp_path / "b" / f"{name}.parquet", [encode(x) for x in IMAGES], [0] * 6)
    assert len(read_samples(tmp_path / "b", GREY, NAMES)) == 12


@pytest.mark.parametrize(
    "splits", [("train", "test"), ("Training", "Testing"), ("val", "test_set")]
)
def test_splits_are_no_classes_and_one_of_them_can_be_named(
    tmp_path: Path, splits: tuple[str, str]
) -> None:
    for split in splits:
        write_files(tmp_path / split, {f"{name}/0.png": encode(IMAGES[0]) for name in NAMES})
    text = refused(tmp_path)
    assert "splits of a data set, not classes" in text
    first = min(splits)
    assert f"--split {first}" in text
    labels = read_samples(tmp_path / first, GREY, NAMES).labels
    assert labels is not None
    assert labels.tolist() == [0, 1, 2]


# --- names that only look different ---------------------------------------------------------------


def test_a_zip_of_windows_has_folders(tmp_path: Path) -> None:
    files = {rf"samples\{name}\{i}.png": encode(IMAGES[i]) for i, name in enumerate(NAMES)}
    samples = read_samples(write_files(tmp_path / "a.zip", files), GREY, NAMES)
    np.testing.assert_array_equal(samples.images, IMAGES[:3])
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("place", ["a", "a.zip"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("known", ["NFC", "NFD"])
def test_a_class_is_the_same_in_every_unicode_form(
    tmp_path: Path, place: str, form: str, known: str
) -> None:
    names = [unicodedata.normalize(known, name) for name in ("naïve", "café")]
    folder = unicodedata.normalize(form, "café")
    place_of = write_files(tmp_path / place, {f"{folder}/0.png": encode(IMAGES[0])})
    labels = read_samples(place_of, GREY, names).labels
    assert labels is not None
    assert labels.tolist() == [1]


def test_names_of_a_mac_are_utf_8_though_its_zips_do_not_say_so(tmp_path: Path) -> None:
    path = write_files(tmp_path / "a.zip", {"cafe\u0301/0.png": encode(IMAGES[0])})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        content[content.index(signature) + offset] &= ~0x08
    path.write_bytes(bytes(content))
    labels = read_samples(path, GREY, ["naïve", "café"]).labels
    assert labels is not None
    assert labels.tolist() == [1]


def test_two_names_that_look_alike_are_refused(tmp_path: Path) -> None:
    write_files(tmp_path, {"é.png": encode(IMAGES[0]), "e\u0301.png": encode(IMAGES[0])})
    assert "one name in two Unicode forms" in refused(tmp_path)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("0.png", encode(IMAGES[0]))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("0.png", encode(IMAGES[1]))
    assert "holds 0.png twice" in refused(path)
