"""What drawings are called, what their captions say, and what they refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from pydantic import ValidationError
from regene_bench_plugins.figures.augmentation import AugmentationCurve
from regene_bench_plugins.figures.closest import ClosestMatch
from regene_bench_plugins.figures.combinations import CombinationMatrix, Combinations
from regene_bench_plugins.figures.frechet_matrix import FrechetMatrix
from regene_bench_plugins.figures.generations import Generations, GenerationsConfig
from regene_bench_plugins.figures.input_map import InputMap
from regene_bench_plugins.figures.mixing import MixingRatio
from torch import Tensor

from regene_bench.api import (
    DeviceImages,
    Features,
    Generation,
    MethodError,
    ReportedNumber,
    SampleRng,
    UnavailableError,
)
from regene_bench.studies.figure import Exhibit, Figure
from tests.figures.views import CLASSES, finished, reported, view

IMAGES = DeviceImages(
    torch.arange(12, dtype=torch.uint8).repeat_interleave(16).reshape(12, 1, 4, 4),
    torch.arange(12) % 2,
)
DATA = SimpleNamespace(
    class_names=CLASSES,
    generated_labels=(0, 1),
    train=IMAGES,
    test=IMAGES,
    train_generated=lambda: IMAGES,
)


@dataclass(frozen=True)
class _Codes:
    """Codes are pixels; what is generated are codes drawn at random."""

    side: int = 4

    def encode(self, images: Tensor) -> Tensor:
        return images.flatten(1)

    def decode(self, latents: Tensor) -> Tensor:
        return latents.unflatten(1, (1, self.side, self.side))

    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        latents = rng.uniform(len(labels), (self.side**2,))
        return Generation(self.decode(latents), latents)


@dataclass
class _FromNoise:
    """Grey images of the label and the noise; remembers what it was asked for."""

    noise_dim: int
    uniform: bool = False
    asked: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        shape = (self.noise_dim,)
        noise = rng.normal(len(labels), shape)
        if self.uniform:
            noise = 2 * rng.uniform(len(labels), shape) - 1
        return Generation(torch.zeros(len(labels), 1, 4, 4), noise)

    def from_noise(self, noise: Tensor, labels: Tensor) -> Tensor:
        self.asked.append((noise, labels))
        return torch.zeros(len(noise), 1, 4, 4)


class _Shelf:
    """The neutral classifier alone is to be had."""

    def extract(self, extractor: str, images: Tensor, task: str) -> Features:
        if extractor != "neutral":
            raise UnavailableError(f"No weights of {extractor}.", hint="Fetch them.")
        return Features(torch.zeros(len(images), 2), torch.zeros(len(images), 2))


SETTING = SimpleNamespace(data=DATA, shelf=_Shelf())


def drawn(figure: type[Figure], *runs: Any, **options: object) -> list[Exhibit]:
    config = figure.Config.model_validate(options)
    return list(figure(config).draw([view(*runs, setting=SETTING)]))


@pytest.mark.parametrize(
    ("figure", "options"),
    [
        (Combinations, {"numbers": [2]}),
        (CombinationMatrix, {"side": 2}),
        (Generations, {"columns": 3, "levels": 2}),
    ],
)
def test_two_trainings_of_a_method_have_files_of_their_own(
    figure: type[Figure], options: dict[str, object]
) -> None:
    runs = [finished(model=_Codes(), params={"width": width}) for width in (1, 2)]
    names = [exhibit.name for exhibit in drawn(figure, *runs, **options)]
    assert len(set(names)) == len(names)
    for run in runs:
        assert sum(f"regene-{run.run_id[:6]}" in name for name in names) == len(names) / 2


def test_two_generations_a_level_are_refused_before_anything_runs() -> None:
    with pytest.raises(ValidationError):
        GenerationsConfig(columns=2)


def test_extractors_none_of_which_can_be_had_are_no_failure() -> None:
    with pytest.raises(UnavailableError, match=r"None of .*\n.*No weights of a.*\n.*\n.*of b"):
        drawn(MixingRatio, finished(model=_Codes()), extractors=["a", "b"], n=100, steps=2)


@pytest.mark.parametrize("split", ["train", "test"])
def test_distances_from_real_images_name_their_split(split: str) -> None:
    features = Features(torch.randn(40, 2, generator=torch.Generator().manual_seed(0)), None)
    run = finished()
    run.__dict__["evaluation"] = SimpleNamespace(
        generated_features=lambda extractor: features,
        reference_features=lambda extractor: features,
        reference_split=split,
        generated=range(40),
        real=lambda split: range(30),
    )
    (found,) = drawn(FrechetMatrix, run, extractors=["pixels"])
    assert found.caption.endswith(f"30 real images of the {split} split.")
    assert " 40 generated images" in found.caption


def test_a_reported_matrix_stands_beside_with_what_the_paper_prints() -> None:
    features = Features(torch.randn(40, 2, generator=torch.Generator().manual_seed(0)), None)
    run = finished()
    run.__dict__["evaluation"] = SimpleNamespace(
        generated_features=lambda extractor: features,
        reference_features=lambda extractor: features,
        reference_split="train",
        generated=range(40),
        real=lambda split: range(30),
    )
    told = [
        reported("fid", 9.0).model_copy(update={"note": "A: of three dimensions"}),
        reported("fid", 8.0).model_copy(update={"note": "B: of two"}),
        reported("fid_between", 2.0).model_copy(update={"note": "A and B"}),
    ]
    figure = FrechetMatrix(FrechetMatrix.Config.model_validate({"extractors": ["pixels"]}))
    (found,) = figure.draw([view(run, reported=told, setting=SETTING)])
    columns = (found.data[name] for name in ("of", "first", "second", "distance"))
    cells = {tuple(cell[1:3]): cell[3] for cell in zip(*columns, strict=True) if "Table" in cell[0]}
    assert cells["A", "real images"] == cells["real images", "A"] == 9.0
    assert cells["A", "B"] == cells["B", "A"] == 2.0
    assert cells["B", "B"] == 0.0
    assert len(cells) == 9


def between(value: float, note: str, **changes: str) -> ReportedNumber:
    return reported("fid_between", value).model_copy(update={"note": note} | changes)


def tables(*told: ReportedNumber) -> dict[str, set[tuple[object, object]]]:
    """Which pairs stand in each reported matrix."""
    found: dict[str, set[tuple[object, object]]] = {}
    features = Features(torch.randn(40, 2, generator=torch.Generator().manual_seed(0)), None)
    run = finished()
    run.__dict__["evaluation"] = SimpleNamespace(
        generated_features=lambda extractor: features,
        reference_features=lambda extractor: features,
        reference_split="train",
        generated=range(40),
        real=lambda split: range(30),
    )
    figure = FrechetMatrix(FrechetMatrix.Config.model_validate({"extractors": ["pixels"]}))
    (exhibit,) = figure.draw([view(run, reported=told, setting=SETTING)])
    for place, *pair in zip(*(exhibit.data[n] for n in ("of", "first", "second")), strict=True):
        if "reported" in str(place):
            found.setdefault(str(place), set()).add((pair[0], pair[1]))
    return found


def test_each_paper_has_a_matrix_of_its_own_and_tables_of_mere_scores_have_none() -> None:
    found = tables(
        between(2.0, "A and B"),
        between(3.0, "A and B", source="Another, A paper"),
        reported("fid", 9.0).model_copy(update={"note": "whatever", "source": "Third"}),
    )
    assert list(found) == ["reported: Somebody, Table 1", "reported: Another, Table 1"]
    assert all(("A", "B") in pairs for pairs in found.values())


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            [between(2.0, "A and B"), between(3.0, "B and A: again")],
            "two distances of 'B' from 'A'",
        ),
        ([between(2.0, "A or B")], "'A or B' of fid_between does not begin"),
        ([between(2.0, "A and B"), reported("fid", 9.0)], "'' of fid does not begin"),
    ],
)
def test_a_reported_distance_of_nothing_or_told_twice_is_refused(
    told: list[ReportedNumber], message: str
) -> None:
    with pytest.raises(MethodError, match=message):
        tables(*told)


def test_a_mixture_says_of_how_many_images_it_is() -> None:
    class Measures(_Shelf):
        def extract(self, extractor: str, images: Tensor, task: str) -> Features:
            pixels = images.float().flatten(1)
            return Features(pixels[:, :2], pixels[:, :2])

    figure = MixingRatio(
        MixingRatio.Config.model_validate({"extractors": ["a"], "n": 100, "steps": 2})
    )
    setting = SimpleNamespace(data=DATA, shelf=Measures())
    (found,) = figure.draw([view(finished(model=_Codes()), setting=setting)])
    assert found.caption.startswith("12 training images of tiny")


@pytest.mark.parametrize("originals", ["as_generated", "all"])
def test_a_classifier_of_one_class_is_refused(originals: str) -> None:
    figure = AugmentationCurve(AugmentationCurve.Config.model_validate({"originals": originals}))
    data = SimpleNamespace(class_names=CLASSES, generated_labels=(0,), train=IMAGES)
    with pytest.raises(MethodError, match="tiny: a classifier cannot learn from images of one"):
        list(figure.draw([view(finished(), data=data)]))


def mapped(model: _FromNoise, **params: object) -> Exhibit:
    (found,) = drawn(InputMap, finished(model=model, params=params), side=3, slices=2)
    return found


def test_noise_of_one_dimension_runs_from_left_to_right() -> None:
    model = _FromNoise(1)
    found = mapped(model)
    assert "from left to right" in found.caption
    assert "downwards" not in found.caption
    assert found.data["panel"] == ["zero"] * 3 + ["one"] * 3
    assert found.data["noise"][:3] == [[-2.0], [0.0], [2.0]]


def test_two_dimensions_say_which_goes_where() -> None:
    assert "first dimension downwards, the second from left" in mapped(_FromNoise(2)).caption


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_model_without_labels_has_no_panels_of_classes(dim: int) -> None:
    found = mapped(_FromNoise(dim), conditional=False)
    assert not any(name in panel for name in CLASSES for panel in found.data["panel"])
    assert len(found.data["panel"]) == {1: 3, 2: 9, 3: 18}[dim]
    assert "sees no labels" in found.caption


def test_maps_of_many_classes_stand_five_abreast() -> None:
    data = SimpleNamespace(class_names=tuple("abcdefg"))
    run = finished(model=_FromNoise(2), params={})
    figure = InputMap(InputMap.Config.model_validate({"side": 3}))
    (found,) = figure.draw([view(run, data=data)])
    shown = [panel for panel in found.drawing.axes if panel.get_visible()]
    assert [panel.get_title() for panel in shown] == list("abcdefg")
    grid = {panel.get_subplotspec().get_gridspec().get_geometry() for panel in shown}
    assert grid == {(2, 5)}


def test_three_dimensions_show_every_class() -> None:
    model = _FromNoise(3)
    found = mapped(model, conditional=True)
    panels = list(dict.fromkeys(found.data["panel"]))
    assert panels == [f"{name}, third dimension {z}" for name in CLASSES for z in (-2, 2)]
    assert [sorted(set(labels.tolist())) for _, labels in model.asked] == [[0], [0], [1], [1]]


def test_uniform_noise_is_not_looked_at_where_there_is_none() -> None:
    model = _FromNoise(2, uniform=True)
    found = mapped(model)
    assert max(abs(x) for point in found.data["noise"] for x in cast("list[float]", point)) == 1
    assert "uniform" in found.caption
    assert "deviations" not in found.caption
    assert "2 standard deviations" in mapped(_FromNoise(2)).caption


def test_a_generation_stands_between_its_sources_which_are_marked_among_its_matches() -> None:
    run = finished(model=_Codes(side=11), params={"pool": "all", "n_combined": 2})
    levels = (16 * torch.arange(16)).to(torch.uint8)
    train = DeviceImages(
        levels.repeat_interleave(2)[:, None, None, None].expand(-1, 1, 11, 11).contiguous(),
        torch.arange(32) % 2,
    )
    run.__dict__["evaluation"] = SimpleNamespace(
        generated=train, labelled=True, real=lambda split: train
    )
    figure = ClosestMatch(
        ClosestMatch.Config.model_validate({"extractors": [], "classes": ["zero"], "matches": 16})
    )
    data = SimpleNamespace(class_names=CLASSES, generated_labels=(0, 1), train=train, test=train)
    found, _ = figure.draw([view(run, data=data)])
    roles = [role for role in found.data["among"] if role in ("generation", "sources")]
    assert roles == ["generation", "sources", "sources"]
    assert {"originals", "reconstructions", "in latent space"} < set(found.data["among"])
    assert found.drawing is not None
    generation, by_pixels, by_ssim = found.drawing.axes
    assert len(generation.patches) == 3
    # all of the class match: both sources in each set; codes are pixels, so also reconstructed
    assert (len(by_pixels.patches), len(by_ssim.patches)) == (6, 4)


class _Plain:
    """An extractor whose features are the mean grey level; another is not to be had."""

    def extract(self, extractor: str, images: Tensor, task: str) -> Features:
        if extractor != "mean":
            raise UnavailableError(f"No weights of {extractor}.", hint="Fetch them.")
        return Features(images.float().flatten(1).mean(1, keepdim=True), None)


def closest(params: dict[str, object], *extractors: str) -> Exhibit:
    """Two grey images, of levels 0 and 4, and one generation, of level 1."""
    levels = torch.tensor([0, 4], dtype=torch.uint8)[:, None, None, None]
    train = DeviceImages(
        levels.expand(-1, 1, 11, 11).contiguous(), torch.zeros(2, dtype=torch.int64)
    )
    made = DeviceImages(
        torch.ones(3, 1, 11, 11, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64)
    )
    data = SimpleNamespace(class_names=CLASSES, generated_labels=(0,), train=train, test=train)
    run = finished(model=_Codes(side=11), params=params)
    shelf = _Plain()
    run.__dict__["evaluation"] = SimpleNamespace(
        generated=made,
        labelled=True,
        real=lambda split: train,
        reference_features=lambda name, split: shelf.extract(name, train.images, ""),
    )
    config = ClosestMatch.Config.model_validate({"extractors": extractors})
    setting = SimpleNamespace(data=data, shelf=shelf)
    found, _ = ClosestMatch(config).draw([view(run, setting=setting)])
    return found


def distances_of(found: Exhibit, among: str, measure: str) -> list[object]:
    columns = (found.data[name] for name in ("among", "measure", "distance"))
    return [cell[2] for cell in zip(*columns, strict=True) if cell[:2] == (among, measure)]


def test_squared_errors_are_squared_and_of_as_many_images_as_a_class_has() -> None:
    found = closest({}, "mean")
    assert distances_of(found, "originals", "squared error") == [121, 9 * 121]
    assert distances_of(found, "in latent space", "squared error") == pytest.approx(
        [121 / 255**2, 9 * 121 / 255**2], rel=1e-5
    )
    assert distances_of(found, "originals", "features (mean)") == [1, 3]


def test_the_runs_own_image_is_shown_where_it_combines_no_latents() -> None:
    found = closest({})
    assert "sources" not in found.data["among"]
    assert "between its two sources" not in found.caption
    # two images of a class are one pair
    found = closest({"n_combined": 3})
    assert found.data["among"].count("sources") == 2
    assert distances_of(found, "originals", "squared error") == [4 * 121, 4 * 121]


def test_extractors_that_are_left_out_stand_in_the_order_of_the_options() -> None:
    names = [f"e{i}" for i in range(9, 0, -1)]
    assert closest({}, *names, "mean").caption.endswith(f": {', '.join(names)}.")
