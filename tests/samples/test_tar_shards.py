"""Tar shards: WebDataset's keys and labels, tars of plain folders, and what is refused or told."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import webdataset  # type: ignore[import-untyped]

from regene_bench.base.errors import DataError, UsageError
from regene_bench.samples.collection import Samples
from regene_bench.samples.read import read_samples
from tests.data.builders import GREY, as_picture, encode, pixels, write_parquet

NAMES = ("cat", "dog", "owl")
IMAGES = pixels(6)
PNG = [encode(image) for image in IMAGES]
LABELS = [2, 0, 1, 1, 0, 2]


def write_tar(path: Path, members: Mapping[str, bytes], **options: Any) -> Path:
    with tarfile.open(path, "w", **options) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_shards(folder: Path, samples: list[dict[str, Any]], a_shard: int = 4) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pattern = str(folder / "samples-%06d.tar")
    with webdataset.ShardWriter(pattern, maxcount=a_shard, verbose=0) as writer:
        for i, sample in enumerate(samples):
            writer.write({"__key__": f"{i:04}", **sample})
    return folder


def read(path: Path, **options: Any) -> Samples:
    return read_samples(path, GREY, NAMES, **options)


def failure(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(path, **options)
    assert caught.value.hint
    return str(caught.value)


def labels_of(path: Path, **options: Any) -> list[int] | None:
    samples = read(path, **options)
    np.testing.assert_array_equal(samples.images, IMAGES[: len(samples)])
    return None if samples.labels is None else samples.labels.tolist()


# --- where labels lie -------------------------------------------------------------------------


def fields(label: int, key: str) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = {
        "cls": {"cls": label},
        "json": {"json": {"caption": "x", "label": label}},
        "json names": {"json": {"target": NAMES[label]}},
        "txt": {"txt": NAMES[label]},
        "captions beside cls": {"txt": "a photograph", "cls": label},
    }
    return known[key]


@pytest.mark.parametrize("key", ["cls", "json", "json names", "txt", "captions beside cls"])
def test_labels_beside_images_as_webdataset_writes_them(tmp_path: Path, key: str) -> None:
    samples = [
        {"png": as_picture(image), **fields(label, key)}
        for image, label in zip(IMAGES, LABELS, strict=True)
    ]
    assert labels_of(write_shards(tmp_path / "all", samples)) == LABELS
    assert labels_of(tmp_path / "all", labels="none") is None


def test_labels_by_name(tmp_path: Path) -> None:
    samples = [
        {"png": as_picture(image), "cls": 0, "txt": NAMES[label], "json": {"drawn": NAMES[label]}}
        for image, label in zip(IMAGES, LABELS, strict=True)
    ]
    place = write_shards(tmp_path / "all", samples)
    assert labels_of(place) == [0] * 6
    assert labels_of(place, labels="txt") == LABELS
    assert labels_of(place, labels="drawn") == LABELS
    assert "Did you mean 'drawn'" in failure(place, labels="drwan")
    assert "they have drawn" in failure(place, labels="json")


def told_twice(path: Path, first: Mapping[str, Any], second: Mapping[str, Any]) -> Path:
    return write_shards(
        path, [{"png": as_picture(IMAGES[i]), **own} for i, own in enumerate((first, second))]
    )


def test_cls_and_fields_must_agree(tmp_path: Path) -> None:
    good = {"cls": 2, "json": {"label": "owl", "y": [1, 2]}}
    assert labels_of(told_twice(tmp_path / "a", good, good)) == [2, 2]
    place = told_twice(tmp_path / "b", good, {"cls": 1, "json": {"label": "owl"}})
    text = failure(place)
    assert f"0001.png in {place} has the label '1' by 'cls', but 'owl' by 'label'" in text
    assert "--labels cls or --labels label" in text
    assert labels_of(place, labels="cls") == [2, 1]
    assert labels_of(place, labels="label") == [2, 2]
    place = told_twice(tmp_path / "c", *[{"json": {"label": i, "target": 1}} for i in (1, 0)])
    assert "'0' by 'label', but '1' by 'target'" in failure(place)


def test_numbers_in_texts_are_labels_only_of_classes_called_by_integers(tmp_path: Path) -> None:
    members: dict[str, bytes] = {}
    for i in range(3):
        members |= {f"{i}.png": PNG[i], f"{i}.txt": str(i).encode()}
    path = write_tar(tmp_path / "a.tar", members)
    assert labels_of(path) is None
    assert any(".txt members are no class names (the first: '0')" in n for n in read(path).notes)
    assert labels_of(path, labels="txt") == [0, 1, 2]
    assert read_samples(path, GREY, ("0", "1", "2")).labels.tolist() == [0, 1, 2]  # type: ignore[union-attr]


def test_captions_and_other_fields_are_no_labels_and_the_note_says_so(tmp_path: Path) -> None:
    members: dict[str, bytes] = {}
    for i in range(3):
        members |= {f"{i}.png": PNG[i], f"{i}.txt": b"a cat on a mat", f"{i}.json": b'{"url": 1}'}
    samples = read(write_tar(tmp_path / "a.tar", members))
    assert samples.labels is None
    assert samples.notes == (
        "unlabelled: no field is called label or the like (there is url)",
        "unlabelled: .txt members are no class names (the first: 'a cat on a mat')",
        "3 of 9 files read (left out: 3 .txt, 3 .json)",
    )


def test_class_folders_in_a_tar_are_labels_as_in_a_zip(tmp_path: Path) -> None:
    for top in ("", "./", "made/", "/abs/olute/", "../../up/"):
        members = {f"{top}{NAMES[i % 3]}/img.{i:04}.png": PNG[i] for i in range(6)}
        assert labels_of(write_tar(tmp_path / "a.tar", members)) == [0, 1, 2, 0, 1, 2]


def test_labels_in_a_file_go_by_name(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", {f"{i}.png": PNG[i] for i in range(3)})
    (tmp_path / "labels.csv").write_text("2.png,cat\n0.png,dog\n1.png,owl\n")
    assert labels_of(tmp_path / "a.tar", labels=str(tmp_path / "labels.csv")) == [1, 2, 0]


# --- keys -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stem", ["img.{:04}", "psi0.7_{}", "a.b.{}", "seed{}.5_1"])
@pytest.mark.parametrize("labelled", [True, False])
def test_dots_in_names_are_no_fields(tmp_path: Path, stem: str, labelled: bool) -> None:
    members: dict[str, bytes] = {}
    for i in range(6):
        members[f"{stem.format(i)}.png"] = PNG[i]
        if labelled:
            members[f"{stem.format(i)}.cls"] = str(LABELS[i]).encode()
    expected = LABELS if labelled else None
    assert labels_of(write_tar(tmp_path / "a.tar", members)) == expected


def test_a_field_of_an_image_has_the_label_of_its_key(tmp_path: Path) -> None:
    members: dict[str, bytes] = {}
    for i in range(3):
        members |= {f"{i}.generated.png": PNG[i], f"{i}.cls": str(LABELS[i]).encode()}
    assert labels_of(write_tar(tmp_path / "a.tar", members)) == LABELS[:3]


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("fields", [("input.png", "output.png"), ("png", "jpg")])
def test_several_images_of_one_sample_are_refused(
    tmp_path: Path, fields: tuple[str, str], labelled: bool
) -> None:
    members: dict[str, bytes] = {}
    for i in range(3):
        members |= {f"{i}.{field}": PNG[i] for field in fields}
        members |= {f"{i}.cls": b"1"} if labelled else {}
    text = failure(write_tar(tmp_path / "a.tar", members))
    assert f"0.{fields[0]} and 0.{fields[1]}" in text
    assert "first dot" in text


def test_one_name_in_two_shards_is_two_samples(tmp_path: Path) -> None:
    for shard in range(2):
        members: dict[str, bytes] = {}
        for i in range(3):
            members[f"{i}.png"] = PNG[3 * shard + i]
            members[f"{i}.cls"] = str(LABELS[3 * shard + i]).encode()
        write_tar(tmp_path / f"samples-{shard:06}.tar", members)
    assert labels_of(tmp_path) == LABELS


# --- forms of tars ----------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_packed_tars_are_known_by_their_first_bytes(tmp_path: Path, pack: Any, name: str) -> None:
    write_tar(tmp_path / "plain.tar", {f"{NAMES[i % 3]}/{i}.png": PNG[i] for i in range(6)})
    (tmp_path / name).write_bytes(pack((tmp_path / "plain.tar").read_bytes()))
    assert labels_of(tmp_path / name) == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("folder", ["a", "é", "x" * 120])
def test_names_of_any_length_and_script(tmp_path: Path, form: int, folder: str) -> None:
    members = {f"{folder}/{i}.png": PNG[i] for i in range(3)}
    path = write_tar(tmp_path / "a.tar", members, format=form)
    samples = read_samples(path, GREY, NAMES, labels="none")
    np.testing.assert_array_equal(samples.images, IMAGES[:3])


def test_pages_of_tiff_members_are_images(tmp_path: Path) -> None:
    file = io.BytesIO()
    first, *rest = [as_picture(image) for image in IMAGES[:3]]
    first.save(file, "TIFF", save_all=True, append_images=rest)
    members = {"0.tif": file.getvalue(), "0.cls": b"1", "1.png": PNG[3], "1.cls": b"2"}
    assert labels_of(write_tar(tmp_path / "a.tar", members)) == [1, 1, 1, 2]


def test_what_is_not_read_is_counted(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "a.tar",
        {"0.png": PNG[0], "1.png": PNG[1], "__meta__.json": b"{}", "notes.md": b"", ".2.png": b""},
    )
    with tarfile.open(path, "a") as archive:
        link = tarfile.TarInfo("3.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    notes = read(path).notes
    assert "links in tars, not followed: 1" in notes
    assert any("2 of 5 files read" in note and "1 hidden" in note for note in notes)


def test_gaps_between_shards_and_missing_end_marks_are_told(tmp_path: Path) -> None:
    for number in (0, 2):
        write_tar(tmp_path / f"s-{number:06}.tar", {f"{i}.png": PNG[i] for i in range(3)})
    content = (tmp_path / "s-000000.tar").read_bytes()
    (tmp_path / "s-000000.tar").write_bytes(content.rstrip(b"\0").ljust(3 * 1024, b"\0"))
    notes = read(tmp_path).notes
    assert "no tar is numbered between s-000000.tar and s-000002.tar" in notes
    assert "s-000000.tar has no end mark: its writer may have been broken off" in notes


# --- refusals ---------------------------------------------------------------------------------


def test_labels_that_are_missing_or_no_classes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    write_tar(path, {"0.png": PNG[0], "0.cls": b"1", "1.png": PNG[1]})
    assert "1.png in" in failure(path)
    assert "has no .cls" in failure(path)
    write_tar(path, {"0.png": PNG[0], "0.cls": b"7"})
    assert "the label 7" in failure(path)
    write_tar(path, {"0.png": PNG[0], "0.cls": b"-1"})
    assert "--labels none" in failure(path)
    write_tar(path, {"0.png": PNG[0], "0.txt": b"cat", "1.png": PNG[1], "1.txt": b"cta"})
    assert "'cta'" in failure(path)
    write_tar(path, {"0.png": PNG[0], "0.json": json.dumps({"label": [0, 1]}).encode()})
    assert "labels of shape" in failure(path)
    write_tar(path, {"0.png": PNG[0], "0.json": b"{"})
    assert "is no JSON" in failure(path)
    write_tar(path, {"0.png": PNG[0], "0.cls": b"\xff"})
    assert "no text in UTF-8" in failure(path)
    write_tar(path, {"0.png": PNG[0], "0.cls": b"1" * (1 << 17)})
    assert "too many for a label" in failure(path)
    write_tar(path, {"0.png": PNG[0], "dataset.json": b'{"labels": [["0.png", 1]]}'})
    assert "dataset.json, which is not read in a tar" in failure(path)


def test_tars_without_images_say_what_they_hold(tmp_path: Path) -> None:
    assert "1 .npy" in failure(write_tar(tmp_path / "a.tar", {"0.npy": b"", "0": b""}))
    assert "nothing" in failure(write_tar(tmp_path / "a.tar", {}))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.55, 0.9])
@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_torn_tars_are_named(tmp_path: Path, name: str, share: float) -> None:
    path = tmp_path / name
    write_tar(path, {f"{i}.png": bytes(PNG[i]) for i in range(6)})
    content = path.read_bytes().rstrip(b"\0")
    content = gzip.compress(content) if name.endswith("gz") else content
    path.write_bytes(content[: int(len(content) * share)])
    assert str(path) in failure(path)


def test_what_tarfile_would_pass_over_is_refused(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"0.png": PNG[0]})
    joined = path.read_bytes() * 2
    path.write_bytes(joined)
    assert "goes on after its end" in failure(path)
    content = bytearray(write_tar(path, {f"{i}.png": PNG[i] for i in range(3)}).read_bytes())
    content[1024 + 5] ^= 1  # in the second header
    path.write_bytes(content)
    assert "is damaged after 1024 bytes" in failure(path)
    write_tar(path, {"0.png": PNG[0]})
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("0.png")
        member.size = len(PNG[1])
        archive.addfile(member, io.BytesIO(PNG[1]))
    assert "holds 0.png twice" in failure(path)
    path.write_bytes(b"\x28\xb5\x2f\xfd rest")
    assert "Zstandard" in failure(path)


def test_tables_beside_tars_are_img2datasets_or_refused(tmp_path: Path) -> None:
    write_tar(tmp_path / "00000.tar", {f"{i:09}.png": PNG[i] for i in range(3)})
    write_parquet(tmp_path / "00000.parquet", [b""], [0], image_column="url")
    (tmp_path / "00000_stats.json").write_text("{}")
    assert labels_of(tmp_path) is None
    write_parquet(tmp_path / "train.parquet", [PNG[0]], [0])
    assert "tars (00000.tar) and Parquet files (train.parquet)" in failure(tmp_path)


def test_tars_of_two_meanings_are_not_pooled(tmp_path: Path) -> None:
    for name in ("fake", "real"):
        write_tar(tmp_path / f"{name}.tar", {"0.png": PNG[0]})
    assert "fake.tar and real.tar beside it" in failure(tmp_path)
    (tmp_path / "fake.tar").rename(tmp_path / "s-0.tar")
    (tmp_path / "real.tar").rename(tmp_path / "s-1.tar")
    assert "read as one set: 2 files: s-0.tar, s-1.tar" in read(tmp_path).notes


def test_splits_of_a_data_set_are_not_pooled(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_tar(tmp_path / f"{split}-000000.tar", {"0.png": PNG[0]})
    assert "several splits" in failure(tmp_path)


def test_tars_in_folders_of_splits(tmp_path: Path) -> None:
    for i, split in enumerate(("train", "val")):
        (tmp_path / split).mkdir()
        write_tar(tmp_path / split / "000000.tar", {"0.png": PNG[i]})
    text = failure(tmp_path)
    assert "the tars of splits in folders: train, val" in text
    assert "--split train" in text
    samples = read(tmp_path, split="validation")
    np.testing.assert_array_equal(samples.images, IMAGES[1:2])
    with pytest.raises(UsageError, match="it has train, val"):
        read(tmp_path, split="test")


def test_tars_in_another_folder_are_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    write_tar(tmp_path / "shards" / "0.tar", {"0.png": PNG[0]})
    assert f"Give the folder of the tars itself: {tmp_path / 'shards'}." in failure(tmp_path)


def test_damaged_images_are_named_or_left_out_with_their_labels(tmp_path: Path) -> None:
    members: dict[str, bytes] = {}
    for i in range(4):
        members |= {f"{i}.png": PNG[i] if i != 1 else b"?", f"{i}.cls": str(LABELS[i]).encode()}
    path = write_tar(tmp_path / "a.tar", members)
    assert f"1.png in {path}" in failure(path)
    samples = read(path, skip_bad=True)
    assert samples.labels is not None
    assert samples.labels.tolist() == [2, 1, 1]
    assert any("1 of 4 images left out" in note for note in samples.notes)
