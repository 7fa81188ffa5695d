"""Both methods: what they learn, how they draw, what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from regene_bench_plugins.methods.diffusion.config import DiffusionConfig, rise_then_line
from regene_bench_plugins.methods.diffusion.edm import EDMConfig
from regene_bench_plugins.methods.diffusion.presets import patch_for
from regene_bench_plugins.methods.diffusion.training import shown_labels
from torch import Tensor

from regene_bench.api import BenchmarkData, Clock, ImageShape, SampleRng

from ..builders import fit, make_data, make_runtime

NAMES = ("edm", "flow_matching")
LEARNING: dict[str, Any] = {
    "images": 3_200,
    "batch_size": 16,
    "width": 16,
    "widest": 32,
    "learning_rate": 5e-3,
    "average": 0.9,
    "steps": 8,
    "attention": 0,
}


def sorted_labels(each: int) -> Tensor:
    return torch.arange(3).repeat_interleave(each)


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


@pytest.mark.parametrize("guidance", [1.0, 2.0])
@pytest.mark.parametrize("name", NAMES)
def test_samples_are_of_their_class(
    name: str, guidance: float, data: BenchmarkData, tmp_path: Path
) -> None:
    model = fit(name, data, make_runtime(tmp_path), **LEARNING, guidance=guidance)
    labels = sorted_labels(20)
    columns = model.generate(labels, SampleRng(0)).images.mean(dim=(1, 2))
    places = torch.stack([columns[:, 0], columns[:, 2], columns[:, 5]], dim=1)
    assert (places.argmax(dim=1) == labels).float().mean() > 0.9


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("edm", {"churn": 10.0, "steps": 4}),
        ("edm", {"guidance": 2.0, "solver": "euler"}),
        ("flow_matching", {"guidance": 0.5}),
    ],
)
def test_sample_i_is_sample_i_in_any_batch(
    name: str, changes: dict[str, Any], data: BenchmarkData, tmp_path: Path
) -> None:
    model = fit(name, data, make_runtime(tmp_path), **changes)
    labels = torch.arange(3).repeat(50)
    whole = model.generate(labels, SampleRng(3)).images
    for start, size in ((0, 1), (5, 7), (120, 30)):
        rows = slice(start, start + size)
        part = model.generate(labels[rows], SampleRng(3, start)).images
        assert torch.equal(part, whole[rows])


def test_churn_changes_samples_and_a_solver_does(data: BenchmarkData, tmp_path: Path) -> None:
    def drawn(**changes: Any) -> Tensor:
        # the network is trained once: what differs is how it is asked
        model = fit("edm", data, make_runtime(tmp_path), steps=4, **changes)
        images: Tensor = model.generate(sorted_labels(2), SampleRng(0)).images
        return images

    plain = drawn()
    assert torch.equal(plain, drawn(churn=0.0))
    for changes in ({"churn": 2.0}, {"solver": "euler"}, {"sigma_max": 20.0}, {"guidance": 3.0}):
        assert not torch.equal(plain, drawn(**changes))


@pytest.mark.parametrize("name", NAMES)
def test_without_labels_samples_have_no_class(
    name: str, data: BenchmarkData, tmp_path: Path
) -> None:
    model = fit(name, data, make_runtime(tmp_path), conditional=False)
    generation = model.generate(sorted_labels(2), SampleRng(0))
    assert not generation.labelled
    again = model.generate(sorted_labels(2).flip(0), SampleRng(0))
    assert torch.equal(generation.images, again.images)


def test_some_labels_are_shown_as_none() -> None:
    torch.manual_seed(0)
    labels = torch.zeros(10_000, dtype=torch.int64)
    shown = shown_labels(labels, 7, DiffusionConfig(label_dropout=0.2))
    assert set(shown.tolist()) == {0, 7}
    assert float((shown == 7).float().mean()) == pytest.approx(0.2, abs=0.02)
    assert torch.equal(shown_labels(labels, 7, DiffusionConfig(label_dropout=0)), labels)
    assert shown_labels(labels, 7, DiffusionConfig(conditional=False)).eq(7).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"guidance": 2.0, "label_dropout": 0.0},
            "set guidance=1, or conditional=true and label_dropout",
        ),
        (
            {"guidance": 2.0, "conditional": False},
            "set guidance=1, or conditional=true and label_dropout",
        ),
        ({"width": 48, "widest": 96, "head": 32}, r"all of \[48, 96, 96\]: set head=24"),
        ({"width": 48, "widest": 100, "head": 32}, r"all of \[48, 96, 100\]: set head=4"),
        ({"width": 64, "widest": 32}, "widest must not be below width: 32 is below 64"),
        ({"steps": 0}, "steps"),
        ({"solver": "rk45"}, "solver"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DiffusionConfig(**changes)


def test_heads_need_not_divide_where_there_is_no_attention() -> None:
    assert DiffusionConfig(width=48, widest=96, head=32, attention=0).widths == [48, 96, 96]


@pytest.mark.parametrize(
    ("sides", "largest", "patch"),
    [((8, 8), 16, 1), ((28, 28), 16, 2), ((32, 32), 32, 1), ((48, 64), 16, 4), ((512, 9), 16, 8)],
)
def test_pixels_are_folded_until_the_map_is_small(
    sides: tuple[int, int], largest: int, patch: int
) -> None:
    assert patch_for(ImageShape(3, *sides, 10), largest) == patch


def test_levels_of_the_sampler_are_in_order() -> None:
    with pytest.raises(ValidationError, match="sigma_min must be below sigma_max"):
        EDMConfig(sigma_min=2.0, sigma_max=1.0)


def test_a_rate_rises_and_stays_or_falls() -> None:
    progress = (0.0, 0.1, 0.2, 0.6, 1.0)

    def factors(end: float) -> list[float]:
        return [rise_then_line(0.2, end)(Clock(0, 0, 0.0, at)) for at in progress]

    assert factors(1.0) == pytest.approx([0, 0.5, 1, 1, 1])
    assert factors(0.0) == pytest.approx([0, 0.5, 1, 0.5, 0])
