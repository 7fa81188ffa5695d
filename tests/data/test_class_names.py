"""The one rule by which classes are ordered, numbered and spelled."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regene_bench.data.class_names import (
    in_natural_order,
    integer_names,
    labels_of_integers,
    labels_of_names,
)

TWELVE = tuple(str(number) for number in range(12))


@pytest.mark.parametrize(
    "ordered",
    [
        TWELVE,
        ("a2", "a2b", "a10", "b1"),
        ("1", "1a", "02", "2", "10"),
        ("n02 cat 9", "n02 cat 10", "n1440 dog"),
        ("cat", "cat 1", "cat-1", "dog"),
        ("Zebra", "ant", "éland"),
        (":", "\N{OL CHIKI DIGIT ZERO}"),
    ],
)
def test_digits_in_names_are_numbers(ordered: tuple[str, ...]) -> None:
    assert in_natural_order(reversed(ordered)) == ordered


@given(st.lists(st.text(st.characters(exclude_characters="0123456789"))))
def test_without_digits_names_stand_as_text_sorts(names: list[str]) -> None:
    assert list(in_natural_order(names)) == sorted(names)


@given(st.lists(st.text("019a -", max_size=6), unique=True))
def test_the_order_does_not_depend_on_how_names_come(names: list[str]) -> None:
    assert in_natural_order(names) == in_natural_order(names[::-1])


def test_names_of_any_length_have_a_place() -> None:
    long = "1" * 5000
    assert in_natural_order([long + "0", long]) == (long, long + "0")
    assert integer_names([long]) is None


def integers(names: tuple[str, ...], *values: int) -> list[int]:
    return [int(label) for label in labels_of_integers(np.array(values), names)]


def test_integers_are_places_in_the_order() -> None:
    assert integers(("cat", "dog", "owl"), 2, 0, 3, -1) == [2, 0, -1, -1]


def test_integers_are_names_where_all_classes_are_called_by_integers() -> None:
    assert integers(("0", "1", "10", "2"), 2, 10, 3) == [3, 2, -1]
    assert integers(("3", "5", "7"), 5, 0, 1) == [1, -1, -1]
    assert integers(("-1", "1"), 1, -1, 0) == [1, 0, -1]
    assert integers(("00", "01", "02"), 2, 0) == [2, 0]


def test_an_integer_that_two_classes_are_called_by_means_neither() -> None:
    assert integers(("1", "01", "2"), 1, 2) == [-1, 2]


def test_names_are_the_very_names_or_the_same_integers() -> None:
    assert labels_of_names(["7", "07", "70", "seven"], TWELVE) == {"7": 7, "07": 7}
    assert labels_of_names(["01", "1"], ("1", "01")) == {"01": 1, "1": 0}


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("T - shirt / top", "T-shirt/top"),
        ("Ankle_boot", "Ankle boot"),
        ("HORSE", "horse"),
        (unicodedata.normalize("NFD", "café"), "café"),
        ("Straße", "STRASSE"),
        ("class 07", "class07"),
    ],
)
def test_names_that_only_look_different_are_the_same(word: str, name: str) -> None:
    assert labels_of_names([word], ("other", name)) == {word: 1}


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("15", "1.5"),
        ("class -1", "class 1"),
        ("C#", "C"),
        ("cafe", "café"),
        ("का", "कि"),
        ("-", "+"),
        ("class 1", "class 01"),
    ],
)
def test_names_that_are_different_stay_so(word: str, name: str) -> None:
    assert labels_of_names([word], ("other", name)) == {}


def test_a_spelling_that_two_classes_share_is_no_name() -> None:
    assert labels_of_names(["cat", "Cat", "CAT"], ("cat", "Cat", "dog")) == {"cat": 0, "Cat": 1}
