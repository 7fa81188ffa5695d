"""Which class of a model stands for each class of the benchmark."""

from __future__ import annotations

import pytest
from regene_bench_plugins.methods.pipeline.class_mapping import map_classes, names_of

from regene_bench.api import MethodError

PETS = ("cat", "dog")
NAMES = {"airplane": [0], "Cat": [3], "dog": [5], "crane": [7, 8]}


def test_names_win_over_places_and_their_case_does_not_count() -> None:
    assert map_classes(PETS, {}, NAMES, 10) == [3, 5]


def test_what_is_chosen_is_a_number_or_a_name() -> None:
    assert map_classes(PETS, {"cat": "Airplane", "dog": 9}, NAMES, 10) == [0, 9]


def test_without_names_classes_go_by_place_where_there_are_as_many() -> None:
    assert map_classes(PETS, {}, {}, 2) == [0, 1]
    assert map_classes(PETS, {}, {}, None) == [0, 1]
    assert map_classes(PETS, {"cat": 1}, {}, 2) == [1, 1]


def test_digits_are_a_number_where_no_class_is_called_so() -> None:
    assert map_classes(PETS, {"cat": "4", "dog": "0"}, NAMES, 10) == [4, 0]
    assert map_classes(PETS, {"cat": "4", "dog": "0"}, {"4": [1]}, 10) == [1, 0]


def test_several_names_of_one_class_and_one_name_of_several() -> None:
    names = names_of({0: "moth, hawk moth", 3: "crane", 9: "crane"})
    assert names == {"moth, hawk moth": [0], "moth": [0], "hawk moth": [0], "crane": [3, 9]}


@pytest.mark.parametrize(
    ("chosen", "names", "count", "message"),
    [
        ({}, {}, 1000, "it has 1000 classes"),
        ({}, {"truck": [0], "ship": [1]}, 2, "which class of the model 'cat' is"),
        ({"cat": 10, "dog": 0}, {}, 10, "class 10 of the model cannot be 'cat'.*classes 0 to 9"),
        ({"cat": -1, "dog": 0}, {}, None, "class -1 of the model cannot be 'cat'"),
        ({"cat": 2, "dog": 0}, {}, 6, "2 stands for none"),
        ({"cat": "Crane", "dog": 0}, NAMES, 10, "called 'Crane': 7, 8"),
        ({"cat": 0, "dog": "lion"}, {}, 2, "'lion' for 'dog', which is no class of the model"),
        ({"cat": "lion", "dog": 0}, NAMES, 10, "'lion' for 'cat', which is no class of the model"),
        ({"cow": 0}, NAMES, 10, "'cow', which is no class of the benchmark"),
    ],
)
def test_what_nobody_knows_is_an_error(
    chosen: dict[str, int | str], names: dict[str, list[int]], count: int | None, message: str
) -> None:
    with pytest.raises(MethodError, match=message):
        map_classes(PETS, chosen, names, count, none=2)
