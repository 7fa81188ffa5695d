"""A figure is drawn of made-up runs; each fault is found by the check that is for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from regene_bench.api import Exhibit, Figure, MethodError, StudyView

from .subjects import results_of, subject_of

_count = itertools.count()


class Good(Figure):
    """The accuracies of all runs."""

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        for view in views:
            values = [run.value("accuracy_neutral") for run in view.runs]
            if not any(value is not None for value in values):
                raise MethodError("no run has an accuracy")
            yield Exhibit(f"good-{view.name}", "accuracies", {"accuracy": values})


class Tensors(Good):
    """Hands over what is no column."""

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        for one in super().draw(views):
            yield Exhibit(one.name, one.caption, {"accuracy": [1.0], "image": torch.zeros(2, 2)})


class SameName(Good):
    """Draws two of one name."""

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        yield from super().draw(views)
        yield from super().draw(views)


class Draws(Good):
    """Draws other numbers each time."""

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        for one in super().draw(views):
            yield Exhibit(one.name, one.caption, {"count": [next(_count)]})


class Believes(Good):
    """Takes scores for granted."""

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        values = [run.value("accuracy_neutral") for view in views for run in view.runs]
        yield Exhibit("sum", "a sum", {"sum": [sum(values)]})  # type: ignore[arg-type]


class Pyplot(Good):
    """Leaves a figure with pyplot."""

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        from matplotlib import pyplot as plt

        plt.switch_backend("agg")
        drawing = plt.figure()
        for one in super().draw(views):
            yield Exhibit(one.name, one.caption, one.data, drawing)


class Looks(Good):
    """Looks into a trained model."""

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        views[0].runs[0].model.encode(views[0].data.test.images)
        yield from super().draw(views)


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def results(figure: type[Figure], folder: Path) -> dict[str, Any]:
    found = results_of("figure", subject_of("figure", figure, folder))
    return {name: result.status for name, result in found.items()}


def test_a_good_figure_passes_everything(tmp_path: Path) -> None:
    assert set(results(Good, tmp_path).values()) == {"passed"}


@pytest.mark.parametrize(
    ("figure", "found_by"),
    [
        (Tensors, "exhibits-can-be-kept"),
        (SameName, "exhibits-can-be-kept"),
        (Draws, "the-same-runs-make-the-same-exhibits"),
        (Believes, "what-is-missing-is-said"),
        (Pyplot, "pyplot-is-left-alone"),
    ],
)
def test_a_fault_is_found_by_its_check_alone(
    figure: type[Figure], found_by: str, tmp_path: Path
) -> None:
    found = results(figure, tmp_path)
    assert {name for name, status in found.items() if status == "failed"} == {found_by}


def test_what_looks_at_models_is_skipped(tmp_path: Path) -> None:
    assert results(Looks, tmp_path)["exhibits-can-be-kept"] == "skipped"
