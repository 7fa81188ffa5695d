"""Reconstruction errors are those of the definitions."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from regene_bench_plugins.metrics.reconstruction import Reconstruction
from torch import Tensor

from regene_bench.api import BenchmarkData, Score
from tests.evaluation.fakes import HalvingModel
from tests.methods.builders import make_data

from .single_samples import evaluation_of_images, totals


class Shifting(HalvingModel):
    """Decodes to the image plus an offset in levels of 255."""

    def __init__(self, offset: Tensor) -> None:
        super().__init__()
        self.offset = offset

    def decode(self, latents: Tensor) -> Tensor:
        return super().decode(latents) + self.offset / 255


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


def measured(model: object, data: BenchmarkData, folder: Path) -> list[Score]:
    images, labels = data.test.images[:1], data.test.labels[:1]
    evaluation = evaluation_of_images(images, labels, data, folder, model=model)
    return list(Reconstruction().measure(evaluation))


def test_a_constant_offset(data: BenchmarkData, tmp_path: Path) -> None:
    values = totals(measured(Shifting(torch.tensor(5.0)), data, tmp_path))
    assert values["mae_test"] == pytest.approx(5 / 255)
    assert values["psnr_test"] == pytest.approx(20 * math.log10(255 / 5))
    assert 0.8 < values["ssim_test"] < 1.0


def test_psnr_is_the_mean_over_images_and_not_of_the_mean_error(
    data: BenchmarkData, tmp_path: Path
) -> None:
    class Alternating(Shifting):
        def decode(self, latents: Tensor) -> Tensor:
            offset = torch.where(torch.arange(len(latents)) % 2 == 0, 1.0, 20.0)
            return HalvingModel.decode(self, latents) + offset[:, None, None, None] / 255

    values = totals(measured(Alternating(torch.tensor(0.0)), data, tmp_path))
    expected = (20 * math.log10(255) + 20 * math.log10(255 / 20)) / 2
    assert values["psnr_test"] == pytest.approx(expected)


def test_a_perfect_reconstruction_is_finite_and_says_so(
    data: BenchmarkData, tmp_path: Path
) -> None:
    scores = measured(HalvingModel(), data, tmp_path)
    values = totals(scores)
    assert values["mae_test"] == 0.0
    assert values["ssim_test"] == pytest.approx(1.0, abs=1e-6)
    assert values["psnr_test"] == pytest.approx(10 * math.log10(255**2 * 64))
    notes = {s.column: s.note for s in scores}
    assert notes["psnr_test"] == f"{len(data.test)} images came back without any error"
    assert notes["mae_test"] == notes["ssim_test"] == ""


@pytest.mark.parametrize(("kept", "said"), [(0.0, "0.0%"), (0.08, "0.6%"), (0.2, ""), (1.0, "")])
def test_reconstructions_that_hardly_vary_are_called_a_collapse(
    kept: float, said: str, data: BenchmarkData, tmp_path: Path
) -> None:
    mean = data.test.images.double().mean(0) / 255

    class Fading(HalvingModel):
        def decode(self, latents: Tensor) -> Tensor:
            return (mean + kept * (HalvingModel.decode(self, latents) - mean)).float()

    notes = {s.column: s.note for s in measured(Fading(), data, tmp_path)}
    text = f"collapse: reconstructions have {said} of the images' variance" if said else ""
    assert notes["mae_test"] == text


def test_one_value_off_by_one_level_is_no_better_than_none(
    data: BenchmarkData, tmp_path: Path
) -> None:
    offset = torch.zeros(1, 1, 8, 8)
    offset[0, 0, 0, 0] = 1.0
    scores = measured(Shifting(offset), data, tmp_path)
    perfect = measured(HalvingModel(), data, tmp_path)
    assert totals(scores)["psnr_test"] == pytest.approx(totals(perfect)["psnr_test"])
    assert [s.note for s in scores] == ["", "", ""]


def test_more_error_is_worse_in_every_column(data: BenchmarkData, tmp_path: Path) -> None:
    rows = [totals(measured(Shifting(torch.tensor(float(o))), data, tmp_path)) for o in (2, 10, 40)]
    for column in Reconstruction.columns:
        values = [row[column.name] for row in rows]
        assert values == sorted(values, reverse=column.direction == "higher")
