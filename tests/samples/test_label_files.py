"""Labels from a file beside the images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from regene_bench.base.errors import DataError, RegeneBenchError
from regene_bench.samples.label_files import read_label_file
from regene_bench.samples.read import read_samples
from tests.data.builders import GREY, as_picture, pixels

NAMES = ("cat", "dog", "owl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "samples"
    place.mkdir()
    for i, image in enumerate(pixels(3)):
        as_picture(image).save(place / f"{i}.png")
    return place


def read(folder: Path, name: str, text: str = "") -> list[int]:
    path = folder.parent / name
    if text:
        path.write_text(text)
    labels = read_samples(folder, GREY, NAMES, labels=str(path)).labels
    assert labels is not None
    return [int(label) for label in labels]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "owl\ncat\ndog\n"),
        ("a.txt", "2\n0\n1"),
        ("a.csv", "file,label\n1.png,cat\n0.png,owl\n2.png,dog\n"),
        ("a.csv", "0.png,2\n1.png,0\n2.png,1\n"),
        # a header says which column is which
        ("a.csv", "file_name,fold,label\n0.png,0,owl\n1.png,1,cat\n2.png,2,dog\n"),
        ("a.csv", "label,fold,file_name\nowl,0,0.png\ncat,1,1.png\ndog,2,2.png\n"),
        ("a.csv", "Class,File Name,fold\nowl,0.png,0\ncat,1.png,1\ndog,2.png,2\n"),
        ("a.csv", ",picture,kind\n0,0.png,owl\n1,1.png,cat\n2,2.png,dog\n"),
        ("a.csv", "owl,0.png\ncat,1.png\ndog,2.png\n"),
        ("a.csv", "id,breed\n0,owl\n1,cat\n2,dog\n"),
        ("a.csv", "id,label\n0,2\n1,0\n2,1\n"),
        # other separators, paths, lines of other images, a line twice
        ("a.csv", "file;label\n0.png;owl\n1.png;cat\n2.png;dog\n"),
        ("a.csv", "file\tlabel\n0.png\towl\n1.png\tcat\n2.png\tdog\n"),
        ("a.csv", "./0.png,owl\n/data/samples/1.png,cat\nsamples\\2.png,dog\n"),
        ("a.csv", "9.png,cat\n0.png,owl\n1.png,cat\n2.png,dog\n8.png,cow\n"),
        ("a.csv", "0.png,owl\n1.png,cat\n0.png,owl\n2.png,dog\n"),
        # byte-order marks
        ("a.txt", "\ufeffowl\ncat\ndog\n"),
        ("a.csv", "\ufeff0.png,owl\n1.png,cat\n2.png,dog\n"),
        ("a.csv", "\ufefffile_name,fold,label\n0.png,0,owl\n1.png,1,cat\n2.png,2,dog\n"),
    ],
)
def test_text_and_tables(folder: Path, name: str, text: str) -> None:
    assert read(folder, name, text) == [2, 0, 1]


def test_what_other_programs_write(folder: Path) -> None:
    table = pa.table({"file_name": ["0.png", "1.png", "2.png"], "label": ["owl", "cat", "dog"]})
    pa_csv.write_csv(table, folder.parent / "a.csv")
    assert read(folder, "a.csv") == [2, 0, 1]
    path = folder.parent / "wide.csv"
    path.write_text("file,label\n0.png,owl\n1.png,cat\n2.png,dog\n", encoding="utf-16")
    assert read(folder, "wide.csv") == [2, 0, 1]


def test_npy(folder: Path) -> None:
    np.save(folder.parent / "a.npy", np.array([2, 0, 1]))
    assert read(folder, "a.npy") == [2, 0, 1]


@pytest.mark.parametrize("name", ["a.txt", "a.npy"])
def test_an_order_that_can_be_mistaken_is_refused(folder: Path, name: str) -> None:
    (folder / "1.png").rename(folder / "10.png")
    np.save(folder.parent / "a.npy", np.array([2, 0, 1]))
    (folder.parent / "a.txt").write_text("2\n0\n1")
    with pytest.raises(RegeneBenchError, match="differently as text and as numbers"):
        read(folder, name)
    assert read(folder, "a.csv", "0.png,2\n2.png,0\n10.png,1\n") == [2, 1, 0]


def test_a_class_is_not_taken_for_an_image_of_that_number(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / "samples" / name).mkdir(parents=True)
        as_picture(pixels(1)[0]).save(tmp_path / "samples" / name / "0.png")
    path = tmp_path / "a.csv"
    path.write_text("filename,label\n0_0.png,0\n1_0.png,0\n")
    with pytest.raises(RegeneBenchError, match="names none of the images, such as cat/0"):
        read_samples(tmp_path / "samples", GREY, NAMES, labels=str(path))


@pytest.mark.parametrize(
    ("name", "text"), [("a.txt", "0.0\n1.0\n2.0\n"), ("a.csv", "0.png,0.0\n1.png,1.\n2.png,2\n")]
)
def test_whole_numbers_with_a_point_are_to_be_written_as_integers(
    folder: Path, name: str, text: str
) -> None:
    with pytest.raises(RegeneBenchError, match=r"the label '0\.0'") as caught:
        read(folder, name, text)
    assert "Write 0 for 0.0" in caught.value.hint


def test_they_count_more_than_folders(folder: Path) -> None:
    (folder / "cat").mkdir()
    for path in folder.glob("*.png"):
        path.rename(folder / "cat" / path.name)
    assert read(folder, "a.csv", "0.png,owl\n1.png,cat\ncat/2.png,dog\n") == [2, 0, 1]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.txt", "owl\ncat\n", "2 labels for 3 images"),
        ("a.txt", "owl\ncat\ncow\n", "'cow'"),
        ("a.csv", "0.png,owl\n1.png,cat\n", "no label for the image 2.png"),
        ("a.csv", "0.png\n", "needs a name and a label"),
        ("a.csv", "0.png,owl\n1.png,cat\n2.png,\n", "no label for the image 2.png"),
        ("a.csv", "0.png,owl\n1.png,cat\n2.png,dog,3\n", "needs a name and a label"),
        ("a.csv", "file,label,x\n0.png,owl\n", "needs 3 columns"),
        ("a.csv", "0.png,1,owl\n1.png,1,cat\n2.png,1,dog\n", "3 columns and no header"),
        ("a.csv", "file,fold,kind\n0.png,1,owl\n", "Which column of"),
        ("a.csv", "a,b,label\n0.png,0.png,owl\n", "holds the names? It has a, b, label"),
        ("a.csv", "file,label\n7.png,owl\n", "names none of the images, such as 0"),
        ("a.csv", "0.png,owl\n1.png,cat\n2.png,dog\n0.png,cat\n", "several labels: cat, owl"),
        ("a.csv", "a/0.png,owl\n1.png,cat\n2.png,dog\nb/0.png,cat\n", "several labels: cat, owl"),
        ("a.csv", "\n", "is empty"),
        ("a.npy", "no array", "Cannot read the labels"),
        ("nowhere.txt", "", "There is no file"),
        ("column", "", "There is no file"),
    ],
)
def test_what_does_not_fit_is_named(folder: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(RegeneBenchError) as caught:
        read(folder, name, text)
    assert words in str(caught.value)


def test_one_line_for_two_images_is_refused(folder: Path) -> None:
    (folder / "cat").mkdir()
    (folder / "dog").mkdir()
    (folder / "1.png").rename(folder / "cat" / "1.png")
    (folder / "2.png").rename(folder / "dog" / "1.png")
    (folder / "0.png").rename(folder / "dog" / "0.png")
    with pytest.raises(RegeneBenchError, match=r"one line, 1\.png, for the images cat/1\.png and"):
        read(folder, "a.csv", "0.png,owl\n1.png,cat\n")
    assert read(folder, "a.csv", "0.png,owl\ncat/1.png,cat\nx/dog/1.png,dog\n") == [0, 2, 1]


def test_a_line_for_another_folders_image_is_none_for_this(folder: Path) -> None:
    (folder / "cat").mkdir()
    for path in folder.glob("*.png"):
        path.rename(folder / "cat" / path.name)
    with pytest.raises(RegeneBenchError, match=r"no label for the image cat/2\.png"):
        read(folder, "a.csv", "cat/0.png,owl\ncat/1.png,cat\ndog/2.png,dog\n")


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY\x01\x00\x76\x00" + b"{" * 118, b"PK\x05\x06" + bytes(18)]
)
def test_an_npy_that_is_none_is_refused(folder: Path, content: bytes) -> None:
    (folder.parent / "a.npy").write_bytes(content)
    with pytest.raises(RegeneBenchError, match=r"Cannot read the labels .*a\.npy"):
        read(folder, "a.npy")


def test_a_single_word_is_no_list_of_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array("cat"))
    with pytest.raises(DataError, match="shape"):
        read_label_file(tmp_path / "a.npy", [], 3, NAMES)


def test_objects_are_not_loaded_but_words_are_labels(folder: Path) -> None:
    words = np.array(["owl", "cat", "dog"], dtype=object)
    np.save(folder.parent / "a.npy", words)
    with pytest.raises(RegeneBenchError, match="pickled objects") as caught:
        read(folder, "a.npy")
    assert "objects.\n" in str(caught.value)
    assert "array.astype(str)" in str(caught.value)
    np.save(folder.parent / "a.npy", words.astype(str))
    assert read(folder, "a.npy") == [2, 0, 1]


@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_minus_one_is_no_label(folder: Path, name: str) -> None:
    lines = [f"{i}.png,-1" if name == "a.csv" else "-1" for i in range(3)]
    with pytest.raises(RegeneBenchError, match=r"'-1'.*\n.*--labels none"):
        read(folder, name, "\n".join(lines))


def test_text_that_is_none_is_refused(folder: Path) -> None:
    for name in ("a.csv", "a.txt"):
        (folder.parent / name).write_bytes(b"caf\xe9")
        with pytest.raises(RegeneBenchError, match="Save it as UTF-8"):
            read(folder, name)


def test_arrays_have_no_names_to_go_by(tmp_path: Path) -> None:
    np.save(tmp_path / "samples.npy", pixels(2))
    (tmp_path / "a.csv").write_text("0.png,cat\n1.png,dog\n")
    with pytest.raises(RegeneBenchError, match="by name"):
        read_samples(tmp_path / "samples.npy", GREY, NAMES, labels=str(tmp_path / "a.csv"))
