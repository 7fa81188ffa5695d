"""Samples in memory and from iterators: the same images in every form give the same samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torch.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, TensorDataset

from regene_bench import score
from regene_bench.base.errors import DataError, Interrupted, UsageError
from regene_bench.base.events import Event, Progress
from regene_bench.data.shapes import ImageShape
from regene_bench.runtime.progress import progress_sink
from regene_bench.runtime.stop import StopRequest
from regene_bench.samples.collection import OWN_SHAPE, Samples
from regene_bench.samples.sources import IN_MEMORY
from regene_bench.samples.take_in import read_object
from tests.data.builders import GREY, RGB, as_picture, pixels
from tests.samples.builders import held_out_digits

NAMES = ("cat", "dog", "owl")
IMAGES = {1: pixels(7), 3: pixels(7, 3)}
LABELS = [2, 0, 1, 1, 0, 2, 2]
SHAPES = {1: GREY, 3: RGB}


class Pairs(Dataset[Any]):
    """A data set in torchvision's style."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, i: int) -> Any:
        return self.items[i]


class Endless(IterableDataset[Any]):
    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


def batches(values: Any, size: int = 3) -> Iterator[Any]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def unlabelled(images: np.ndarray) -> dict[str, Any]:
    tensor = torch.from_numpy(images)
    pictures = [as_picture(image) for image in images]
    return {
        "array": images,
        "tensor": tensor,
        "list of pictures": pictures,
        "two pictures": pictures[:2],
        "tuple of pictures": tuple(pictures),
        "list of arrays": list(images),
        "list of channels last": list(images.transpose(0, 2, 3, 1)),
        "list of batches": list(batches(images)),
        "TensorDataset": TensorDataset(tensor),
        "pictures one by one": iter(pictures),
        "batches": batches(images),
        "batches of channels last": batches(images.transpose(0, 2, 3, 1)),
        "batches of tensors": batches(tensor),
        "batches of floats": batches(tensor / 255),
        "batches of pictures": batches(pictures),
        "images one by one": iter(images),
        "DataLoader": DataLoader(TensorDataset(tensor), batch_size=3),
        "DataLoader of bare images": DataLoader(Pairs(list(tensor)), batch_size=3),
        "dicts": iter([{"image": part} for part in batches(images)]),
    }


def labelled(images: np.ndarray) -> dict[str, Any]:
    tensor, numbers = torch.from_numpy(images), torch.tensor(LABELS)
    pictures = [as_picture(image) for image in images]
    words = [NAMES[label] for label in LABELS]
    items = list(zip(pictures, LABELS, strict=True))
    both = TensorDataset(tensor, numbers)
    return {
        "pair": (images, np.array(LABELS)),
        "pair of tensor and list": (tensor, LABELS),
        "pair as a list": [tensor, numbers],
        "pair of pictures and names": (pictures, words),
        "TensorDataset": both,
        "data set of pictures": Pairs(items),
        "data set of tensors": Pairs(list(zip(tensor, numbers, strict=True))),
        "list of pairs": items,
        "subset": torch.utils.data.Subset(Pairs(items), range(7)),
        "iterable data set": Endless(list(zip(tensor, LABELS, strict=True))),
        "DataLoader": DataLoader(both, batch_size=3),
        "DataLoader of names": DataLoader(Pairs(list(zip(tensor, words, strict=True))), 3),
        "batches": zip(batches(images), batches(LABELS), strict=True),
        "dicts": iter(
            [
                {"image": part, "label": own}
                for part, own in zip(batches(images), batches(LABELS), strict=True)
            ]
        ),
        "Hugging Face": datasets.Dataset.from_dict(
            {"image": pictures, "label": LABELS},
            features=datasets.Features(
                {"image": datasets.Image(), "label": datasets.ClassLabel(names=list(NAMES))}
            ),
        ),
    }


def read(samples: Any, channels: int = 3, **options: Any) -> Samples:
    return read_object(samples, SHAPES[channels], NAMES, **options)


def failure(samples: Any, channels: int = 3, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(samples, channels, **options)
    assert caught.value.hint
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("form", unlabelled(IMAGES[3]))
def test_images_in_any_form(form: str, channels: int) -> None:
    samples = read(unlabelled(IMAGES[channels])[form], channels)
    np.testing.assert_array_equal(samples.images, IMAGES[channels][: len(samples)])
    assert len(samples) == (2 if form == "two pictures" else 7)
    assert samples.labels is None
    assert samples.source in IN_MEMORY


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("form", labelled(IMAGES[3]))
def test_images_and_labels_in_any_form(form: str, channels: int) -> None:
    samples = read(labelled(IMAGES[channels])[form], channels)
    np.testing.assert_array_equal(samples.images, IMAGES[channels])
    assert samples.labels is not None
    assert samples.labels.tolist() == LABELS
    assert read(labelled(IMAGES[channels])[form], channels, with_labels=False).labels is None


def test_lists_of_grey_batches() -> None:
    grey, labels = IMAGES[1][:, 0], np.array(LABELS)
    # of sizes that may be numbers of channels as well
    for size in (1, 3, 5, 6):
        pairs = list(zip(batches(grey, size), batches(labels, size), strict=True))
        dicts = [{"image": images, "label": own} for images, own in pairs]
        for given in (pairs, [list(pair) for pair in pairs], dicts, [(grey, labels)]):
            samples = read(given, 1)
            np.testing.assert_array_equal(samples.images, IMAGES[1])
            assert samples.labels is not None
            assert samples.labels.tolist() == LABELS
    np.testing.assert_array_equal(read(list(batches(grey, 5)), 1).images, IMAGES[1])
    # three equal channels are those of one image
    colours = list(np.repeat(IMAGES[1], 3, axis=1))
    np.testing.assert_array_equal(read(colours, 1).images, IMAGES[1])


def test_pictures_without_labels_in_pairs() -> None:
    pictures = [as_picture(image) for image in IMAGES[3]]
    tensors = torch.from_numpy(IMAGES[3])
    for items in ([(one, None) for one in pictures], [(one, None) for one in tensors]):
        for given in (items, Pairs(items)):
            samples = read(given)
            np.testing.assert_array_equal(samples.images, IMAGES[3])
            assert samples.labels is None


def hugging_face(images: np.ndarray, feature: Any) -> datasets.Dataset:
    return datasets.Dataset.from_dict(
        {"image": list(images), "class": LABELS},
        features=datasets.Features(
            {"image": feature, "class": datasets.ClassLabel(names=list(NAMES))}
        ),
    )


@pytest.mark.parametrize("kind", [None, "numpy", "torch"])
def test_arrays_in_hugging_face_sets_have_their_own_type(kind: str | None) -> None:
    grey = IMAGES[1][:, 0]
    sets = {
        1: hugging_face(grey, datasets.Array2D(grey.shape[1:], "uint8")),
        3: hugging_face(IMAGES[3], datasets.Array3D(IMAGES[3].shape[1:], "uint8")),
    }
    for channels, stored in sets.items():
        data = stored.with_format(kind)
        forms = [data, data.to_iterable_dataset()]
        if kind == "torch":
            forms.append(DataLoader(data, batch_size=3))
        for form in forms:
            samples = read(form, channels)
            np.testing.assert_array_equal(samples.images, IMAGES[channels])
            assert samples.labels is not None
            assert samples.labels.tolist() == LABELS
        # a loader turns the axes of nested lists round
        assert "it is a list" in failure(DataLoader(stored, batch_size=6), channels)


def test_what_a_transform_makes_of_arrays_is_left_alone() -> None:
    feature = datasets.Array3D(IMAGES[3].shape[1:], "float32")
    np.testing.assert_array_equal(read(hugging_face(IMAGES[3] / 255, feature)).images, IMAGES[3])
    stored = hugging_face(IMAGES[3], datasets.Array3D(IMAGES[3].shape[1:], "uint8"))

    def scaled(factor: float) -> datasets.Dataset:
        return stored.with_transform(
            lambda rows: rows | {"image": [np.array(x) * factor for x in rows["image"]]}
        )

    np.testing.assert_array_equal(read(scaled(1 / 255)).images, IMAGES[3])
    assert "of type int64" in failure(scaled(257))


def test_a_data_set_of_torchvision(tmp_path: Path) -> None:
    for i in range(7):
        (tmp_path / NAMES[LABELS[i]]).mkdir(exist_ok=True)
        as_picture(IMAGES[3][i]).save(tmp_path / NAMES[LABELS[i]] / f"{i}.png")
    order = np.argsort(LABELS, kind="stable")
    for transform in (None, torchvision.transforms.ToTensor()):
        samples = read(torchvision.datasets.ImageFolder(tmp_path, transform))
        np.testing.assert_array_equal(samples.images, IMAGES[3][order])
        assert samples.labels is not None
        assert samples.labels.tolist() == sorted(LABELS)


def test_classes_of_a_hugging_face_set_go_by_its_own_names() -> None:
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["owl", "dog", "cat"])}
    )
    pictures = [as_picture(image) for image in IMAGES[3]]
    rows = {"image": pictures, "label": [2 - label for label in LABELS]}
    found = read(datasets.Dataset.from_dict(rows, features=features)).labels
    assert found is not None
    assert found.tolist() == LABELS
    hidden = datasets.Dataset.from_dict({**rows, "label": [-1] * 7}, features=features)
    assert "no class of its list" in failure(hidden)


def test_integers_of_torchvision_go_by_its_own_order(tmp_path: Path) -> None:
    names = tuple(map(str, range(12)))
    images = pixels(12, 3)
    for name, image in zip(names, images, strict=True):
        (tmp_path / name).mkdir()
        as_picture(image).save(tmp_path / name / "0.png")
    folders = torchvision.datasets.ImageFolder(tmp_path, torchvision.transforms.ToTensor())
    assert folders.classes[2] == "10"  # sorted as text
    subset = torch.utils.data.Subset(folders, range(12))
    for given in (folders, subset, DataLoader(subset, batch_size=5)):
        samples = read_object(given, ImageShape(3, 6, 5, 12), names)
        assert samples.labels is not None
        np.testing.assert_array_equal(samples.images, images[samples.labels])


def with_classes(*classes: str) -> Pairs:
    data = Pairs(list(zip(torch.from_numpy(IMAGES[3]), LABELS, strict=True)))
    data.classes = classes  # type: ignore[attr-defined]
    return data


def labels_by(names: tuple[str, ...], data: Any) -> list[int]:
    found = read_object(data, ImageShape(3, 6, 5, len(names)), names).labels
    assert found is not None
    return [int(label) for label in found]


def test_titles_of_torchvision_name_the_number_or_the_word() -> None:
    for names in (NAMES, ("0", "1", "2"), ("0 - cat", "1 - dog", "2 - owl")):
        assert labels_by(names, with_classes("0 - cat", "1 - dog", "2 - owl")) == LABELS
    assert labels_by(("0", "1", "2"), with_classes("2 - c", "1 - b", "0 - a")) == [
        0,
        2,
        1,
        1,
        2,
        0,
        0,
    ]
    assert labels_by(NAMES, with_classes("0 - owl", "1 - dog", "2 - cat")) == [0, 2, 1, 1, 2, 0, 0]
    with pytest.raises(DataError, match="'fish'"):
        read(with_classes("0 - cat", "1 - dog", "2 - fish"))


@pytest.mark.parametrize("names", [NAMES, ("0", "1", "2")])
@pytest.mark.parametrize("classes", [("zero", "one", "two"), ("digit_1", "digit_2", "digit_3")])
def test_classes_of_other_names_are_no_numbers(names: tuple[str, ...], classes: Any) -> None:
    with pytest.raises(DataError, match=f"a data set has the class '{classes[2]}'") as caught:
        labels_by(names, with_classes(*classes))
    assert ", ".join(classes) in caught.value.hint
    assert "'fish'" in failure(with_classes("owl", "dog", "fish"))


def test_data_sets_that_are_joined_keep_their_names() -> None:
    owls, cats = with_classes("owl", "dog", "cat"), with_classes("cat", "dog", "owl")
    reverse = [2 - label for label in LABELS]
    for joined in (ConcatDataset([owls, owls]), ConcatDataset([owls, ConcatDataset([owls])])):
        assert labels_by(NAMES, joined) == reverse * 2
        assert labels_by(NAMES, DataLoader(joined, batch_size=4)) == reverse * 2
    mixed: ConcatDataset[Any] = ConcatDataset([owls, cats])
    assert "different lists of classes: owl, dog, cat; cat, dog, owl" in failure(mixed)
    assert "owl, dog, cat; none" in failure(ConcatDataset([owls, Pairs(owls.items)]))
    assert len(read(mixed, with_labels=False)) == 14


# --- one array and many batches -----------------------------------------------------------------


def refusals() -> dict[str, np.ndarray]:
    images = pixels(9, 3) / 255
    beyond = {}
    for name, number, value in (
        ("late minus one", 8, -1.0),
        ("early minus one", 0, -1.0),
        ("late 255", 8, 255.0),
        ("small overshoot, then more", 8, -0.9),
        ("not finite", 7, np.nan),
        ("out of range, then not finite", 8, np.inf),
    ):
        changed = images.copy()
        changed[number, 0, 0, 0] = value
        if "then" in name:
            changed[0, 0, 0, 0] = -0.02
        beyond[name] = changed
    return {
        **beyond,
        "integers": pixels(9, 3).astype(np.int64),
        "signed bytes": (pixels(9, 3) - 128.0).astype(np.int8),
        "truths": pixels(9, 3) > 99,
        "sizes": pixels(9, 3, 7, 5),
        "grey": pixels(9),
        "axes": np.zeros((9, 4, 6, 5), dtype=np.uint8),
    }


@pytest.mark.parametrize("size", [1, 2, 4, 9])
@pytest.mark.parametrize("name", refusals())
def test_batches_are_refused_as_one_array_is(name: str, size: int) -> None:
    images = refusals()[name]
    whole = failure(images).replace("an array", "*")
    if name == "axes":
        whole = whole.replace("[9, ", f"[{size}, ")
    assert failure(batches(images, size)).replace("an iterator", "*") == whole


@pytest.mark.parametrize("name", ["late", "early", "with a range"])
def test_colours_in_grey_batches_are_refused_as_in_one_array(name: str) -> None:
    images = np.repeat(pixels(9), 3, axis=1) / 255
    images[0 if name == "early" else 8, 1, 2, 2] += 0.2 - images[8, 1, 2, 2] / 2
    images[4, :, 0, 0] = 2 if name == "with a range" else 0
    whole = failure(images, 1).replace("an array", "*")
    assert failure(batches(images, 2), 1).replace("an iterator", "*") == whole


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64])
def test_batches_give_the_samples_of_one_array(dtype: Any) -> None:
    images = pixels(9, 3) if dtype == np.uint8 else (pixels(9, 3) / 255).astype(dtype)
    assert read(batches(images, 4)).content == read(images).content
    large = pixels(9, 3, 12, 11)
    one, many = (read(given, resize=True) for given in (large, batches(large, 4)))
    assert many.content == one.content
    assert many.sizes_before == one.sizes_before == "11×12"


def test_a_buffer_that_is_filled_again_is_read_each_time() -> None:
    def fill(size: int) -> Iterator[np.ndarray]:
        buffer = np.empty((size, 3, 6, 5), dtype=np.uint8)
        for start in range(0, 6, size):
            buffer[:] = IMAGES[3][start : start + size]
            yield buffer if size > 1 else buffer[0]

    for size in (1, 2):
        np.testing.assert_array_equal(read(fill(size)).images, IMAGES[3][:6])


# --- what does not fit together -----------------------------------------------------------------


def test_sizes_must_agree_or_be_resized() -> None:
    arrays = [pixels(1, 3)[0], pixels(1, 3, 12, 10)[0], pixels(1, 3, 9, 9)[0]]
    for mixed in (arrays, [as_picture(image) for image in arrays]):
        assert "10×12 pixels" in failure(mixed)
        samples = read(mixed, resize=True)
        assert (len(samples), samples.sizes_before) == (3, "3 sizes")
        np.testing.assert_array_equal(samples.images[0], arrays[0])
    assert "resize=True" in failure([as_picture(arrays[1])])


def test_pictures_are_read_by_the_rules_of_files() -> None:
    pictures = [as_picture(np.repeat(image, 3, axis=0)) for image in IMAGES[1]]
    np.testing.assert_array_equal(read(pictures, 1).images, IMAGES[1])
    assert "is grey" in failure([as_picture(IMAGES[1][0])])
    assert "number 1 of a list of images is in colour" in failure(
        [pictures[0], as_picture(IMAGES[3][0])], 1
    )
    (note,) = read([Image.new("RGBA", (5, 6), (1, 2, 3, 0))]).notes
    assert "1 of 1 images has transparent pixels" in note
    assert read_object(pictures, OWN_SHAPE, ()).images.shape == (7, 3, 6, 5)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (iter([]), "used up"),
        ([], "has the shape [0]"),
        (iter([pixels(2, 3), pixels(2, 3) / 255]), "of type uint8, and then of float64"),
        (iter([pixels(2, 3), as_picture(pixels(1, 3)[0])]), "arrays as well as pictures"),
        (iter([(pixels(2, 3), [0, 1]), pixels(2, 3)]), "with others none"),
        (iter([(pixels(2, 3), [0])]), "for 2 images from number 0 on"),
        ((pixels(2, 3), [0]), "labels of shape [1] for 2 images"),
        ((pixels(2, 3), [0, 1, 2]), "labels of shape [3] for 2 images"),
        ((pixels(2, 3), [0, 3]), "the label 3"),
        ((pixels(3, 3), np.eye(3, dtype=int)), "argmax"),
        (iter([(pixels(1, 3)[0], np.array([0, 1, 0]))]), "argmax"),
        (iter([(pixels(2, 3), pixels(2, 3))]), "tuple of ndarray, ndarray"),
        (iter(["a.png"]), "it is a str"),
        (iter([{"pixels": pixels(2, 3)}]), "its keys are pixels"),
        (iter([np.zeros(7)]), "of shape [7]"),
        (object(), "An object of type object"),
        (None, "type NoneType"),
        ({"a": 1}, "a dict of a. Give what it holds: samples['a']"),
        ({"image": pixels(2, 3)}, "Give what it holds: samples['image']"),
        ({"images": pixels(2, 3), "y": [0, 1]}, "(samples['images'], samples['y'])"),
        (datasets.DatasetDict(), "a DatasetDict of nothing"),
        ([Path("a.png")], "A list of paths is no images. Give their folder"),
        (iter([(pixels(2, 3), np.zeros((2, 2, 2)))]), "tuple of ndarray, ndarray"),
        (iter([(pixels(2, 3), np.zeros((2, 2)))]), "an iterator has labels of shape [2, 2]"),
        (["a.png", "b.png"], "is no images"),
        ([[1, 2], [3]], "is no images"),
    ],
)
def test_other_objects_are_refused(samples: Any, words: str) -> None:
    assert words in failure(samples)


# --- within score -------------------------------------------------------------------------------


def test_a_stream_is_scored_as_the_array_and_tells_how_far_it_is(light_protocol: Path) -> None:
    digits = held_out_digits(12)
    seen: list[Event] = []
    pairs = zip(batches(digits.images / 255, 50), batches(digits.labels, 50), strict=True)
    report = score(pairs, str(light_protocol), metrics="neutral", emit=seen.append)
    array = score(digits.images, str(light_protocol), digits.labels, metrics="neutral")
    assert report.record.scores == array.record.scores
    told = [e for e in seen if isinstance(e, Progress) and e.task.endswith("reading")]
    assert [(e.done, e.total) for e in told] == [(50, None), (100, None), (120, None)]


def test_labels_are_not_the_benchmark() -> None:
    digits = held_out_digits(2)
    with pytest.raises(UsageError, match="not by an object of type ndarray") as caught:
        score(digits.images, digits.labels)  # type: ignore[arg-type]
    assert 'score(samples, "digits", labels)' in str(caught.value)


def test_labels_are_given_once() -> None:
    digits = held_out_digits(2)
    with pytest.raises(UsageError, match="twice"):
        score((digits.images, digits.labels), "digits", digits.labels)


def test_a_stop_is_looked_at_between_batches() -> None:
    stop = StopRequest()

    def generate() -> Iterator[np.ndarray]:
        yield held_out_digits(1).images
        stop.ask("a test")
        yield held_out_digits(1).images
        raise AssertionError("went on after the stop")

    with pytest.raises(Interrupted):
        score(generate(), "digits", stop=stop)


def test_progress_without_a_total_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_sink() as sink:
        sink(Progress("reading", 50, None))
        sink(Progress("reading", 100, None))
    (line,) = capsys.readouterr().err.splitlines()
    assert '"done": 50, "total": null' in line


def test_shape_of_single_images() -> None:
    shape = ImageShape(1, 6, 5, 3)
    images = pixels(4)
    for items in (iter(images[:, 0]), iter(images), iter(images.transpose(0, 2, 3, 1))):
        np.testing.assert_array_equal(read_object(items, shape, NAMES).images, images)
