"""A zip is read like the folder it was made from, and its sizes are checked before its content."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from regene_bench.base.errors import DataError
from regene_bench.samples.read import read_samples
from tests.data.builders import GREY, encode, pixels

NAMES = ("cat", "dog", "owl")


def write(path: Path, entries: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_samples(path, GREY, NAMES)
    assert caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize("prefix", ["", "samples/", "out/samples/"])
@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_flat_images(tmp_path: Path, prefix: str, how: int) -> None:
    images = pixels(5)
    entries = {f"{prefix}{i}.png": encode(image) for i, image in enumerate(images)}
    entries["__MACOSX/._0.png"] = b"no image"
    samples = read_samples(write(tmp_path / "a.zip", entries, how), GREY, NAMES)
    np.testing.assert_array_equal(samples.images, images)
    assert samples.labels is None


@pytest.mark.parametrize("prefix", ["", "samples/"])
@pytest.mark.parametrize("folders", [("cat", "owl"), ("0", "2")])
def test_class_folders(tmp_path: Path, prefix: str, folders: tuple[str, str]) -> None:
    images = pixels(4)
    entries = {f"{prefix}{folders[i // 2]}/{i}.png": encode(x) for i, x in enumerate(images)}
    samples = read_samples(write(tmp_path / "a.zip", entries), GREY, NAMES)
    np.testing.assert_array_equal(samples.images, images)
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 0, 2, 2]


@pytest.mark.parametrize("folder", ["dog", "1"])
def test_one_class_alone_is_still_a_class(tmp_path: Path, folder: str) -> None:
    path = write(tmp_path / "a.zip", {f"{folder}/0.png": encode(pixels(1)[0])})
    labels = read_samples(path, GREY, NAMES).labels
    assert labels is not None
    assert labels.tolist() == [1]


def test_names_that_climb_out_of_the_zip_are_left_out_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    content = encode(pixels(1)[0])
    entries = dict.fromkeys(("cat/0.png", "../cat/1.png", f"{tmp_path}/cat/2.png"), content)
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    path = write(folder / "a.zip", entries)
    assert len(read_samples(path, GREY, NAMES)) == 1
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]


def test_an_entry_without_a_name_is_no_image(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"0.png": encode(pixels(1)[0])})
    with zipfile.ZipFile(path, "a") as archive, archive.open(zipfile.ZipInfo(""), "w") as entry:
        entry.write(encode(pixels(1)[0]))
    assert len(read_samples(path, GREY, NAMES)) == 1


def test_damage_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"0.png": b"", "1.png": encode(pixels(1)[0])})
    assert "0.png in" in refused(path)
    path.write_bytes(b"PK")
    assert f"{path} is damaged" in refused(path)
    path = write(tmp_path / "b.zip", {"0.png": encode(pixels(1)[0])}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(bytes(content))
    text = refused(path)
    assert "0.png in" in text
    assert "CRC" in text


def test_a_zip_of_an_unknown_version_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"0.png": encode(pixels(1)[0])})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 250
    path.write_bytes(bytes(content))
    assert "version" in refused(path)


def test_an_encrypted_zip_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"0.png": encode(pixels(1)[0])})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(bytes(content))
    assert "is encrypted" in refused(path)


def test_bombs_are_known_by_the_sizes_that_they_declare(tmp_path: Path) -> None:
    one = tmp_path / "one.zip"
    with zipfile.ZipFile(one, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("0.bmp", "w") as file:
            for _ in range(5):
                file.write(bytes(1 << 26))
    assert "too many for an image" in refused(one)
    many = tmp_path / "many.zip"
    with zipfile.ZipFile(many, "w", zipfile.ZIP_LZMA) as archive:
        for i in range(2):
            archive.writestr(f"{i}.bmp", bytes(1 << 24))
    assert "more than zips can hold" in refused(many)


def test_a_zip_without_images(tmp_path: Path) -> None:
    assert "holds no image" in refused(write(tmp_path / "a.zip", {"readme.txt": b"hello"}))
