"""The Fréchet distance over N: its right end is the distance, its level is FD∞, and it falls."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from regene_bench_plugins.figures.frechet_over_n import FrechetOverN, sizes_up_to

from regene_bench.api import (
    Features,
    Gaussian,
    MethodError,
    UnavailableError,
    frechet_at_infinity,
    frechet_distance,
)
from regene_bench.runtime.stop import no_stop
from regene_bench.studies.figure import Exhibit
from tests.figures.views import finished, view

DIMENSIONS = 4


def features(n: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(n, DIMENSIONS, generator=draw) + shift


REAL = features(5000, 0)


def run_of(method: str, generated: torch.Tensor) -> Any:
    def unless_missing(extractor: str) -> Features:
        if extractor != "pixels":
            raise UnavailableError(f"No weights of {extractor}.")
        return Features(generated, None)

    run = finished(method=method)
    run.__dict__["evaluation"] = SimpleNamespace(
        generated_features=unless_missing,
        reference_gaussian=lambda extractor: Gaussian.of_features(REAL),
        reference_split="train",
        real=lambda split: range(len(REAL)),
        runtime=SimpleNamespace(stop=SimpleNamespace(check=no_stop)),
    )
    return run


def drawn(*runs: Any, **options: object) -> Exhibit:
    config = FrechetOverN.Config.model_validate({"extractors": ["pixels"]} | options)
    (found,) = FrechetOverN(config).draw([view(*runs)])
    return found


def test_the_right_end_is_the_distance_and_the_level_is_fd_infinity() -> None:
    near, far = features(800, 1), features(600, 2, shift=1.0)
    data = drawn(run_of("near", near), run_of("far", far), smallest=20, steps=5).data
    for name, generated in (("near", near), ("far", far)):
        own = [i for i, label in enumerate(data["run"]) if label == name]
        assert data["n"][own[-1]] == len(generated)
        assert data["subsets"][own[-1]] == 1
        expected = frechet_distance(REAL, generated)
        assert data["distance"][own[-1]] == pytest.approx(expected, rel=1e-9)
        line = frechet_at_infinity(REAL, generated)
        assert data["fd_infinity"][own[0]] == pytest.approx(line.intercept, rel=1e-9)
        assert data["slope"][own[0]] == pytest.approx(line.slope, rel=1e-9)
        width = data["fd_infinity_high"][own[0]] - data["fd_infinity_low"][own[0]]
        assert width == pytest.approx(2 * line.half_width, rel=1e-9)


def test_the_bias_of_equal_gaussians_falls_as_its_theory_says() -> None:
    """Of one Gaussian in D dimensions the mean term alone is biased by D/N, the rest adds to it."""
    data = drawn(run_of("same", features(3200, 3)), smallest=50, steps=4, draws=40).data
    sizes, distances = np.array(data["n"]), np.array(data["distance"])
    assert sizes.tolist() == [50, 200, 800, 3200]
    assert (np.diff(distances) < 0).all()
    # the bias is of order 1/N: a quarter of it for four times as many images, within a third
    assert distances[0] / distances[1] == pytest.approx(4, rel=0.33)
    assert distances[0] > DIMENSIONS / 50
    assert (np.array(data["low"]) <= distances).all()
    assert (np.array(data["high"]) >= distances).all()
    assert abs(data["fd_infinity"][0]) < 0.01


def test_what_cannot_be_had_is_left_out_and_said() -> None:
    run = run_of("near", features(100, 1))
    found = drawn(run, extractors=["pixels", "inception"], smallest=20, steps=2)
    assert set(found.data["extractor"]) == {"pixels"}
    assert found.caption.endswith("(`regene-bench weights list`): inception.")
    with pytest.raises(UnavailableError, match=r"(?s)None of .*No weights of inception"):
        drawn(run, extractors=["inception"])


def test_so_few_images_that_the_line_is_none_are_said() -> None:
    few = drawn(run_of("near", features(100, 1)), smallest=20, steps=2)
    assert "biased upwards" not in few.caption
    generated = torch.randn(40, 30, generator=torch.Generator().manual_seed(0))
    run = run_of("near", generated)
    real = Gaussian.of_features(torch.randn(99, 30, generator=torch.Generator().manual_seed(1)))
    run.evaluation.reference_gaussian = lambda extractor: real
    assert "pixels, 20 images for 30 dimensions: biased upwards" in drawn(run, smallest=5).caption


def test_sizes_grow_in_equal_ratios() -> None:
    assert sizes_up_to(1600, 100, 5) == [100, 200, 400, 800, 1600]
    assert sizes_up_to(5, 2, 8) == [2, 3, 4, 5]
    with pytest.raises(
        MethodError, match="40 generated images make no curve that begins at 100"
    ) as no:
        sizes_up_to(40, 100, 8)
    assert "figures.frechet_over_n.smallest=5" in no.value.hint
