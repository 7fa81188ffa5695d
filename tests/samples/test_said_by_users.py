"""What users say about their files: damaged ones are left out by name, folders are no classes."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

import regene_bench
from regene_bench.base.errors import ConfigError, DataError, UsageError
from regene_bench.base.events import Event, Message
from regene_bench.plugins.host import load_plugins
from regene_bench.samples.read import read_samples
from regene_bench.samples.reproduction import command_of
from tests.data.builders import GREY, RGB, as_picture, encode, pixels, write_parquet
from tests.samples.builders import held_out_digits, write_flat

NAMES = ("cat", "dog", "owl")
IMAGES = pixels(7)
GOOD = [0, 2, 3, 6]
CONTENTS = {
    "cat/0.png": encode(IMAGES[0]),
    "cat/1.png": encode(IMAGES[1])[:60],  # a header and no more
    "dog/2.png": encode(IMAGES[2]),
    "dog/3.png": encode(IMAGES[3]),
    "dog/4.png": b"",
    "owl/5.png": b"no image at all",
    "owl/6.png": encode(IMAGES[6]),
}


def in_folder(place: Path) -> Path:
    for name, content in CONTENTS.items():
        (place / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "all" / name).write_bytes(content)
    return place / "all"


def in_zip(place: Path) -> Path:
    path = place / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in CONTENTS.items():
            archive.writestr(f"made/{name}", content)
    return path


def in_parquet(place: Path) -> Path:
    labels = [name.split("/")[0] for name in CONTENTS]
    write_parquet(place / "all.parquet", list(CONTENTS.values()), labels)
    return place / "all.parquet"


@pytest.mark.parametrize("kept_in", [in_folder, in_zip, in_parquet])
def test_damaged_files_are_an_error_or_named_and_left_out(tmp_path: Path, kept_in: object) -> None:
    path = kept_in(tmp_path)  # type: ignore[operator]
    with pytest.raises(DataError, match="Cannot decode") as caught:
        read_samples(path, GREY, NAMES)
    assert "--skip-bad" in caught.value.hint
    samples = read_samples(path, GREY, NAMES, skip_bad=True)
    np.testing.assert_array_equal(samples.images, IMAGES[GOOD])
    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 1, 1, 2]
    assert len(samples.left_out) == 3
    (note,) = samples.notes
    assert note.startswith("3 of 7 images left out, which cannot be decoded: ")
    names = ["in row 1", "in row 4", "in row 5"] if path.suffix == ".parquet" else None
    for name in names or ["cat/1.png", "dog/4.png", "owl/5.png"]:
        assert name in note
    assert str(tmp_path) not in note


def test_of_many_the_note_names_the_first(tmp_path: Path) -> None:
    for i in range(9):
        (tmp_path / f"{i}.png").write_bytes(encode(IMAGES[0]) if i == 8 else b"")
    (note,) = read_samples(tmp_path, GREY, NAMES, skip_bad=True).notes
    assert note.endswith("0.png, 1.png, 2.png, 3.png, 4.png and 3 more")


def test_labels_go_with_all_files_and_those_of_damaged_ones_are_left_out(tmp_path: Path) -> None:
    path = in_folder(tmp_path)
    labels = [2, 1, 0, 1, 2, 0, 1]
    np.save(tmp_path / "labels.npy", labels)
    samples = read_samples(path, GREY, NAMES, labels=str(tmp_path / "labels.npy"), skip_bad=True)
    assert samples.labels is not None
    assert samples.labels.tolist() == [labels[i] for i in GOOD]
    again = read_samples(path, GREY, NAMES, labels="none", skip_bad=True)
    assert again.labelled(np.array(labels)).labels == pytest.approx(samples.labels)
    with pytest.raises(DataError, match="There are 7 images"):
        again.labelled(np.array([labels[i] for i in GOOD]))


def test_where_nothing_can_be_decoded_that_is_said(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"{i}.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"None of 3 images.*0\.png"):
        read_samples(tmp_path, GREY, NAMES, skip_bad=True)


def test_a_colour_file_that_is_cut_off_is_left_out_among_greys(tmp_path: Path) -> None:
    grey = np.repeat(IMAGES, 3, axis=1)
    for i in range(3):
        as_picture(grey[i]).save(tmp_path / f"{i}.png")
    (tmp_path / "1.png").write_bytes(encode(pixels(1, 3)[0])[:70])
    samples = read_samples(tmp_path, GREY, NAMES, skip_bad=True)
    np.testing.assert_array_equal(samples.images, IMAGES[[0, 2]])


def test_images_of_the_wrong_size_or_colours_are_not_damaged(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(encode(IMAGES[0]))
    with pytest.raises(DataError, match="grey"):
        read_samples(tmp_path, RGB, NAMES, skip_bad=True)
    (tmp_path / "1.png").write_bytes(encode(pixels(1, height=9)[0]))
    with pytest.raises(DataError, match="different sizes"):
        read_samples(tmp_path, GREY, NAMES, skip_bad=True)


# --- labels="none" ---------------------------------------------------------------------------


def test_folders_are_no_classes_where_that_is_said(tmp_path: Path) -> None:
    for i, name in enumerate(["00000/a.png", "00001/b.png", "c.png"]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(encode(IMAGES[i]))
    samples = read_samples(tmp_path, GREY, NAMES, labels="none")
    assert samples.labels is None
    np.testing.assert_array_equal(samples.images, IMAGES[:3])


@pytest.mark.parametrize("label", [-1, 1, 99])
def test_numbers_are_no_labels_where_that_is_said(tmp_path: Path, label: int) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=np.full(7, label))
    write_parquet(tmp_path / "a.parquet", [encode(image) for image in IMAGES], [label] * 7)
    for name in ("a.npz", "a.parquet"):
        samples = read_samples(tmp_path / name, GREY, NAMES, labels="none")
        assert samples.labels is None
        np.testing.assert_array_equal(samples.images, IMAGES)


# --- what is no file ---------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs")
@pytest.mark.parametrize("name", ["a.png", "a.npz", "a.npy", "a.zip", "a.parquet"])
def test_a_fifo_is_refused_and_not_waited_for(tmp_path: Path, name: str) -> None:
    path = tmp_path / "samples" / name
    path.parent.mkdir()
    os.mkfifo(path)
    places = [path] if name.endswith((".npz", ".npy", ".zip")) else [path, path.parent]
    for place in places:
        with pytest.raises(DataError, match=rf"{name}.* is a FIFO, not a file"):
            read_samples(place, GREY, NAMES)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs")
def test_labels_and_protocols_that_are_fifos_are_refused(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(encode(IMAGES[0]))
    for name in ("labels.csv", "my.toml", "samples.png"):
        os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match=r"labels\.csv is a FIFO"):
        read_samples(tmp_path / "0.png", GREY, NAMES, labels=str(tmp_path / "labels.csv"))
    with pytest.raises(ConfigError, match=r"my\.toml is a FIFO"):
        regene_bench.score(IMAGES, tmp_path / "my.toml")
    with pytest.raises(DataError, match=r"samples\.png is a FIFO"):
        regene_bench.score(tmp_path / "samples.png", "digits")
    with pytest.raises(UsageError, match="no file or folder"):
        regene_bench.score(tmp_path / "nowhere", "digits")


# --- in the report ------------------------------------------------------------------------------


def test_the_row_counts_what_was_left_out_an_event_names_it_and_the_command_says_it_again(
    light_protocol: Path, tmp_path: Path
) -> None:
    split = held_out_digits(per_class=4)
    folder = write_flat(tmp_path / "samples" / "00000", split.images).parent
    (folder / "00000" / "007.png").write_bytes(b"")
    told: list[Event] = []
    report = regene_bench.score(
        folder,
        light_protocol,
        "none",
        metrics="neutral",
        skip_bad=True,
        results=tmp_path / "results",
        emit=told.append,
    )
    rows = {row.metric: row for row in report.rows}
    assert rows["accuracy_neutral"].status == "skipped"
    assert "1 of 40 images left out" in rows["is_neutral"].note
    assert "00000/007.png" in rows["is_neutral"].note
    texts = [event.text for event in told if isinstance(event, Message)]
    assert [text for text in texts if text.startswith(f"left out {folder}/00000/007.png: it is")]
    assert (report.record.params["left_out"], report.record.params["n"]) == (1, 39)
    words = command_of(report.record, load_plugins())
    assert {"--skip-bad", "--labels", "none"} <= set(words)


def test_an_array_can_be_said_to_have_no_labels(light_protocol: Path) -> None:
    images = held_out_digits(per_class=4).images
    report = regene_bench.score(images, light_protocol, "none", metrics="neutral")
    assert "unlabelled" in report.title
