"""What a data set of image files holds is read, or said to be left out."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from regene_bench_plugins.datasets.folder import Folder

from regene_bench.base.errors import DataError
from regene_bench.base.events import Event, Message
from regene_bench.data.class_folders import find_class_folders, find_one_class
from regene_bench.data.decode import DecodeOptions
from regene_bench.data.load import load_dataset
from regene_bench.data.records import decode_records
from regene_bench.data.shapes import ImageShape
from regene_bench.data.split_files import image_records
from tests.stylegan import write_files

from .builders import (
    GREY,
    as_picture,
    encode,
    image_set,
    pixels,
    request,
    same_images,
    write_class_folders,
)
from .layout_builders import TEST, TRAIN, found

TWO = ImageShape(1, 6, 5, 2)
IMAGES = pixels(6)


def many(kind: str, images: np.ndarray) -> bytes:
    """One file of several images."""
    buffer = io.BytesIO()
    first, *rest = (as_picture(image) for image in images)
    first.save(buffer, kind, save_all=True, append_images=rest)
    return buffer.getvalue()


def test_linked_classes_and_sub_folders_are_read_but_not_in_circles(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "store", TRAIN)
    here = tmp_path / "here"
    (here / "train" / "class 0").mkdir(parents=True)
    (here / "train" / "class 0" / "linked").symlink_to(tmp_path / "store" / "class 0")
    (here / "train" / "class 0" / "again").symlink_to(here / "train")
    for name in ("class 1", "class 2"):
        (here / "train" / name).symlink_to(tmp_path / "store" / name)
    write_class_folders(tmp_path / "held out", TEST)
    (here / "test").symlink_to(tmp_path / "held out")
    layout = found(here)
    assert same_images(layout.read("train", GREY, None), TRAIN)
    assert same_images(layout.read("test", GREY, None), TEST)
    assert layout.notes == (f"{here / 'train'}: linked folders that lead back, not followed: 1",)


@pytest.mark.parametrize("place", ["set", "set.zip"])
def test_every_page_of_a_tiff_is_an_image_and_a_stack_is_in_one_split(
    tmp_path: Path, place: str
) -> None:
    stacks = pixels(40).reshape(8, 5, 1, 6, 5)
    files = {f"{'ab'[i % 2]}/{i}.tif": many("TIFF", stack) for i, stack in enumerate(stacks)}
    layout = found(write_files(tmp_path / place, files))
    train, test = (layout.read(split, TWO, None) for split in ("train", "test"))  # type: ignore[arg-type]
    assert (len(train.images), len(test.images)) == (30, 10)
    owner = {image.tobytes(): i for i, stack in enumerate(stacks) for image in stack}
    for data in (train, test):
        owners = [owner[image.tobytes()] for image in data.images]
        assert [i % 2 for i in owners] == data.labels.tolist()
        assert np.unique(owners, return_counts=True)[1].tolist() == [5] * (len(owners) // 5)
    assert len({owner[image.tobytes()] for image in train.images[:5]}) > 1, "pages are shuffled"


def test_at_most_so_many_pages_are_an_unbiased_sample(tmp_path: Path) -> None:
    write_files(tmp_path, {f"{i}.tif": many("TIFF", IMAGES) for i in range(3)})
    one = find_one_class(tmp_path, test_fraction=0.1)
    assert one is not None
    whole, part = (image_records(one.train, limit) for limit in (None, 5))
    assert (len(whole.labels), len(part.labels)) == (12, 5)
    decoded = [decode_records(records, GREY, DecodeOptions()) for records in (whole, part)]
    np.testing.assert_array_equal(decoded[0][:5], decoded[1])


def test_what_is_left_out_is_told_where_the_data_set_is_loaded(
    own_cache: Path, tmp_path: Path
) -> None:
    files = {f"{name}/{i}.png": encode(IMAGES[i]) for name in ("cat", "dog") for i in range(4)}
    files |= {"cat/a.svg": b"", "notes.txt": b"", "preview.png": encode(IMAGES[0])}
    files |= {"dog/moving.gif": many("GIF", IMAGES)}
    write_files(tmp_path / "pets", files)
    told: list[Event] = []
    for _ in range(2):
        load_dataset(
            Folder(request("pets", TWO, tmp_path)), source_name="folder", progress=told.append
        )
    texts = [event.text for event in told if isinstance(event, Message)]
    kinds = ["10 of 12 files read (left out: 1 .svg, 1 .txt)", "images in no class folder"]
    assert len(texts) == 5
    assert all(kind in text for kind, text in zip(kinds * 2, texts[:2] + texts[3:], strict=True))
    assert "first frame alone read of animations: 1 (frames left out: 5)" in texts[2]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_classes_have_one_name_however_the_disk_spells_it(tmp_path: Path, form: str) -> None:
    data = image_set(20, classes=2)
    names = ("café", "naïve")
    for split, other in (("train", form), ("test", "NFC")):
        for i, image in enumerate(data.images):
            folder = tmp_path / split / unicodedata.normalize(other, names[data.labels[i]])
            folder.mkdir(parents=True, exist_ok=True)
            as_picture(image).save(folder / f"é{i}.png")
    found_here = find_class_folders(tmp_path, test_fraction=0.1)
    assert found_here is not None
    assert found_here.class_names == names
    order = [path.name for path in found_here.train.paths]
    assert order == [path.name for path in found_here.test.paths]


def test_an_unreadable_zip_is_named(tmp_path: Path) -> None:
    (tmp_path / "pets.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"pets\.zip is damaged"):
        Folder(request("pets", TWO, tmp_path)).prepare()
