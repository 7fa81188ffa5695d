"""Every remedy that a refusal prints is followed here, and gives the right images and labels."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from regene_bench.base.errors import DataError
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.arrays import images_of_array
from regene_bench.samples.labelling import labels_of_array
from regene_bench.samples.take_in import read_object
from regene_bench.samples.value_ranges import darkness
from tests.data.builders import GREY, RGB, cyclic_labels, pixels

IMAGES = pixels(1100, 3)
IMAGES[0] = 0
IMAGES[-1] = 255
UNIT = IMAGES / 255
# the words in which a remedy says when it holds
BLACK_0_WHITE_1, BLACK_M1_WHITE_1 = "black is 0 and white 1", "black is -1 and white 1"
WHITE_255, ANY = "black is 0 and white 255", "the values of black and white"
NORMALISED = "undo what they were normalised with"


def hint_of(array: Any) -> str:
    with pytest.raises(DataError) as caught:
        images_of_array(array, RGB, "samples", resize=False)
    return caught.value.hint


def remedies(hint: str) -> dict[str, str]:
    """What to do, by when."""
    ways = hint.removesuffix(".").split("; ")[1:]
    return dict(way.removeprefix("or ").split(": ", 1) for way in ways)


def follow(array: Any, condition: str, **known: float) -> np.ndarray:
    (remedy,) = [what for when, what in remedies(hint_of(array)).items() if condition in when]
    followed = eval(remedy, {"x": array} | known)
    return images_of_array(followed, RGB, "samples", resize=False)[0]


def overshooting(by: float) -> np.ndarray:
    """An unclamped decoder's images: what lies outside [0, 1] is black or white."""
    out = UNIT.copy()
    out[0], out[-1] = -by, 1 + by
    return out


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
@pytest.mark.parametrize("by", [0.0002, 0.008, 0.02, 0.2])
def test_a_small_overshoot_is_clipped(by: float, kind: Any) -> None:
    array = kind(overshooting(by))
    assert len(remedies(hint_of(array))) == 1
    np.testing.assert_array_equal(follow(array, BLACK_0_WHITE_1), IMAGES)


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
@pytest.mark.parametrize("by", [0.0, 0.03])
def test_images_from_minus_one_to_one_are_shifted(by: float, kind: Any) -> None:
    array = kind(overshooting(by) * 2 - 1)
    assert len(remedies(hint_of(array))) == 1
    np.testing.assert_array_equal(follow(array, BLACK_M1_WHITE_1), IMAGES)


def test_what_could_be_either_says_what_decides() -> None:
    array = overshooting(0.0)
    array[0] = -0.4
    np.testing.assert_array_equal(follow(array, BLACK_0_WHITE_1), IMAGES)
    pale = np.clip(UNIT, 0.3, None) * 2 - 1
    expected = np.clip(IMAGES, round(0.3 * 255), None)
    assert np.abs(follow(pale, BLACK_M1_WHITE_1).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.int64])
def test_numbers_up_to_255_are_divided(dtype: Any, kind: Any) -> None:
    array = kind(IMAGES.astype(dtype))
    np.testing.assert_array_equal(follow(array, WHITE_255), IMAGES)
    np.testing.assert_array_equal(follow(array, ANY, black=0, white=255), IMAGES)


@pytest.mark.parametrize(
    ("dtype", "black", "white"),
    [
        (np.float32, 0, 16),
        (np.int32, 0, 15),
        (np.uint16, 0, 65535),
        (np.float64, 0, 65535),
        (np.int8, -128, 127),
        (np.float32, -128, 127),
    ],
)
def test_other_scales_never_become_images_unasked(dtype: Any, black: int, white: int) -> None:
    levels = np.round(UNIT * (white - black) + black).astype(dtype)
    followed = follow(levels, ANY, black=black, white=white)
    assert np.abs(followed.astype(int) - IMAGES).max() <= np.ceil(127 / (white - black))


@pytest.mark.parametrize("half", [0.5, 0.3, 0.2])
def test_images_around_zero_may_have_another_white_than_one(half: float) -> None:
    array = (UNIT * 2 - 1) * half
    np.testing.assert_array_equal(follow(array, ANY, black=-half, white=half), IMAGES)


def test_normalised_images_are_not_rounded() -> None:
    mean, deviation = 0.449, 0.226
    array = (UNIT - mean) / deviation
    followed = follow(array, NORMALISED, mean=mean, deviation=deviation)
    np.testing.assert_array_equal(followed, IMAGES)


def test_black_and_white_need_no_scale() -> None:
    white = IMAGES > 127
    expected = np.where(white, 255, 0)
    hint = hint_of(white)
    assert "if True is white: x * 1.0" in hint
    np.testing.assert_array_equal(images_of_array(white * 1.0, RGB, "a", resize=False)[0], expected)
    np.testing.assert_array_equal(follow(white.astype(np.int64), BLACK_0_WHITE_1), expected)


def test_the_range_is_that_of_all_images_and_not_of_the_first() -> None:
    array = UNIT * 2 - 1
    array[:1024] = np.clip(array[:1024], -0.02, 1)
    assert BLACK_M1_WHITE_1 in hint_of(array)


def quantized() -> torch.Tensor:
    return torch.quantize_per_tensor(torch.zeros(2, 3, 6, 5), 1 / 255, 0, torch.quint8)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: torch.from_numpy(IMAGES[:2]).to_sparse(), "to_dense"),
        (lambda: torch.from_numpy(UNIT[:2]).to(torch.float8_e4m3fn), "float"),
        (quantized, "dequantize"),
    ],
)
def test_tensors_that_numpy_has_not(make: Callable[[], torch.Tensor], name: str) -> None:
    tensor = make()
    assert hint_of(tensor).endswith(f": tensor.{name}().")
    images_of_array(getattr(tensor, name)(), RGB, "samples", resize=False)


@pytest.mark.parametrize(
    ("mode", "black", "white"), [("I", 0, 255), ("F", 0, 255), ("F", 0, 1), ("F", -1, 1)]
)
def test_pictures_of_32_bits(mode: str, black: int, white: int) -> None:
    values = IMAGES[[0, 1, -1], 0]
    grey = values / 255 * (white - black) + black
    kind = np.int32 if mode == "I" else np.float32
    image = Image.fromarray(np.vstack(grey.astype(kind)))
    pixels = np.asarray(image)
    shape = ImageShape(1, *pixels.shape, 3)
    with pytest.raises(DataError) as caught:
        read_object([image], shape, NAMES)
    recipe = re.findall(
        r"its white (?:\w+): (?:x = (.*), then )?(Image.*), where x =", str(caught.value)
    )
    ((scaling, conversion),) = recipe
    known = {"x": pixels, "black": black, "white": white, "Image": Image}
    known["x"] = eval(scaling, known) if scaling else pixels
    samples = read_object([eval(conversion, known)], shape, NAMES)
    np.testing.assert_array_equal(samples.images[0, 0], np.vstack(values))


# --- dark images --------------------------------------------------------------------------------


@pytest.mark.parametrize("white", [1, 15, 16, 31])
def test_images_that_were_cast_are_noted(white: int) -> None:
    (note,) = darkness((UNIT * white).round().astype(np.uint8), 255)
    assert f"brightest of all pixels is {white}, of the real images 255" in note


def test_8_bit_values_in_16_bit_pictures_are_noted() -> None:
    values = IMAGES[:5, 0].astype(np.uint16)
    (note,) = read_object([Image.fromarray(x) for x in values], GREY, NAMES).notes
    assert "16-bit pixels, of which none is above 385 of 65,535" in note
    scaled = read_object([Image.fromarray(x * 257) for x in values], GREY, NAMES)
    np.testing.assert_array_equal(scaled.images[:, 0], values)
    assert scaled.notes == ()


def test_usual_images_and_dark_ones_among_dark_ones_are_not() -> None:
    assert darkness(IMAGES, 255) == ()
    assert darkness(IMAGES // 2, 255) == ()
    assert darkness(IMAGES // 16, 20) == ()


# --- labels -------------------------------------------------------------------------------------

NAMES = ("cat", "dog", "owl")
LABELS = cyclic_labels(7)


def labels_after(labels: np.ndarray, names: tuple[str, ...] = NAMES) -> list[int]:
    """Follow remedies until labels are accepted."""
    for _ in range(3):
        try:
            return [int(label) for label in labels_of_array(labels, names, "a.npz")]
        except DataError as error:
            (recipe,) = re.findall(r": ((?:numpy|labels).*)\.$", error.hint)
            labels = eval(recipe, {"labels": labels, "numpy": np})
    raise AssertionError(f"still refused: {labels}")


@pytest.mark.parametrize(
    "labels",
    [
        LABELS[:, None],
        LABELS[None],
        LABELS[:, None].astype(np.float32),
        LABELS.astype(np.float64),
        np.eye(3)[LABELS],
        np.eye(3, dtype=bool)[LABELS],
        np.array(NAMES)[LABELS],
        np.array(NAMES)[LABELS][:, None],
        np.array(NAMES, dtype=np.bytes_)[LABELS],
        np.array(NAMES, dtype=object)[LABELS],
        np.array(list(LABELS), dtype=object),
    ],
)
def test_labels_of_other_shapes_and_types(labels: np.ndarray) -> None:
    assert labels_after(labels) == LABELS.tolist()


def test_one_hot_labels_of_classes_that_are_called_by_integers() -> None:
    names = ("10", "2", "3")
    assert labels_after(np.eye(3)[LABELS], names) == LABELS.tolist()
    assert labels_after(np.eye(3)[LABELS], ("0", "1", "2")) == LABELS.tolist()


@pytest.mark.parametrize(
    "labels",
    [
        np.arange(16).reshape(2, 8),
        np.array([[1, 1, 0], [0, 1, 0]]),
        np.array([0.5, 1.5]),
        np.array([0.0, np.nan]),
        np.array(1),
        np.array([None, 1], dtype=object),
        np.zeros((2, 1, 1), dtype=np.int64),
    ],
)
def test_labels_that_say_nothing_sure_get_no_recipe(labels: np.ndarray) -> None:
    with pytest.raises(DataError) as caught:
        labels_of_array(labels, NAMES, "a.npz")
    assert caught.value.hint.endswith("in an array of one axis.")


def test_minus_one_is_no_class_and_no_misspelling() -> None:
    for labels in (["-1", "-1"], np.array([-1, 1])):
        with pytest.raises(DataError) as caught:
            labels_of_array(np.array(labels), ("0", "1", "2"), "a.npz")
        assert "--labels none (labels='none')" in caught.value.hint
        assert "Did you mean" not in caught.value.hint


def test_truths_are_labels_of_two_classes_only() -> None:
    truths = np.array([True, False])
    assert labels_after(truths, ("no", "yes")) == [1, 0]
    with pytest.raises(DataError, match="only two of 3 classes apart"):
        labels_of_array(truths, NAMES, "a.npz")


def test_a_class_of_another_number_is_not_suggested() -> None:
    names = tuple(f"class {number}" for number in range(12))
    for word in ("class 12", "12", "class 21"):
        with pytest.raises(DataError) as caught:
            labels_of_array(np.array([word]), names, "a.npz")
        assert "Did you mean" not in caught.value.hint
    with pytest.raises(DataError, match="Did you mean 'class 11'"):
        labels_of_array(np.array(["clas 11"]), names, "a.npz")
