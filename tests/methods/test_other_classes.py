"""Classes that a protocol does not generate are for classifiers; no decoder or generator has them.

``make_data`` has three classes of 40 training and 20 held-out images; a protocol that generates the
first leaves the others out.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from regene_bench_plugins.methods.regene.config import ReGeneConfig
from regene_bench_plugins.methods.regene.stage_images import classifier_images
from regene_bench_plugins.metrics.probe import Probe
from regene_bench_plugins.metrics.reconstruction import Reconstruction
from torch import Tensor

from regene_bench.api import (
    BenchmarkData,
    DeviceImages,
    MethodError,
    Runtime,
    SampleRng,
    Skipped,
    Stage,
    StageReport,
    train,
)
from tests.evaluation.fakes import HalvingModel
from tests.methods.builders import fit, make_data, make_runtime
from tests.metrics.single_samples import evaluation_of_images


@pytest.fixture
def first_only() -> BenchmarkData:
    return replace(make_data(), generated=(0,))


def seen_by(
    monkeypatch: pytest.MonkeyPatch, module: str, method: str, data: BenchmarkData, **options: Any
) -> dict[str, list[int]]:
    """How many images of each class each stage of a training was given."""
    found: dict[str, list[int]] = {}
    folder = options.pop("folder")

    def noted(stage: Stage, images: DeviceImages, runtime: Runtime) -> StageReport:
        found[stage.name] = torch.bincount(images.labels, minlength=3).tolist()
        # an epoch is as long as the images that are left
        assert len(images) == sum(found[stage.name])
        assert stage.total_images % len(images) == 0
        return train(stage, images, runtime)

    place = importlib.import_module(f"regene_bench_plugins.methods.{module}")
    monkeypatch.setattr(place, "train", noted)
    fit(method, data, make_runtime(folder), **options)
    return found


def test_regene_s_classifier_has_some_of_each_class_and_its_decoder_all_of_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, first_only: BenchmarkData
) -> None:
    options = {"classifier_per_class": 15, "classifier_epochs": 12, "decoder_epochs": 2}
    seen = seen_by(monkeypatch, "regene.regene", "regene", first_only, folder=tmp_path, **options)
    assert seen == {"classifier": [15, 15, 15], "decoder": [40, 0, 0]}


def test_regene_s_decoder_can_have_all_classes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, first_only: BenchmarkData
) -> None:
    options = {"decoder_classes": "all", "classifier_epochs": 5, "decoder_epochs": 1}
    seen = seen_by(monkeypatch, "regene.regene", "regene", first_only, folder=tmp_path, **options)
    assert seen == {"classifier": [40, 40, 40], "decoder": [40, 40, 40]}


def test_the_classifier_s_images_are_drawn_by_the_seed(tmp_path: Path) -> None:
    config = ReGeneConfig(classifier_per_class=15)

    def drawn(seed: int) -> list[int]:
        rows = classifier_images(config, make_data(), make_runtime(tmp_path, seed=seed)).rows
        return sorted(rows.tolist())

    assert drawn(0) == drawn(0) != drawn(1)
    assert len(set(drawn(0))) == 45


def test_a_limit_that_no_class_reaches_selects_nothing(tmp_path: Path) -> None:
    data = make_data()
    config = ReGeneConfig(classifier_per_class=40)
    assert classifier_images(config, data, make_runtime(tmp_path)) is data.train


def test_regene_refuses_a_class_that_its_decoder_has_not_seen(
    tmp_path: Path, first_only: BenchmarkData
) -> None:
    model = fit("regene", first_only, make_runtime(tmp_path), threshold="none")
    assert len(model.generate(torch.tensor([0, 0]), SampleRng(0, 0)).images) == 2
    with pytest.raises(MethodError, match="'stripe 2' is none of them") as caught:
        model.generate(torch.tensor([0, 2]), SampleRng(0, 0))
    assert "decoder_classes=all" in caught.value.hint


@pytest.mark.parametrize(
    ("module", "method", "options", "expected"),
    [
        ("gan.training", "ugan", {"epochs": 1}, [40, 0, 0]),
        ("gan.training", "cgan", {"epochs": 1}, [40, 40, 40]),
        ("vae.training", "wae", {"epochs": 1}, [40, 0, 0]),
        ("autoencoder", "autoencoder", {"epochs": 1}, [40, 0, 0]),
        ("diffusion.training", "edm", {"epochs": 1, "conditional": False}, [40, 0, 0]),
        ("diffusion.training", "flow_matching", {"epochs": 1}, [40, 40, 40]),
    ],
)
def test_networks_without_labels_see_only_what_they_are_to_generate(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    first_only: BenchmarkData,
    module: str,
    method: str,
    options: dict[str, Any],
    expected: list[int],
) -> None:
    seen = seen_by(monkeypatch, module, method, first_only, folder=tmp_path, **options)
    assert list(seen.values()) == [expected]


class Blackening(HalvingModel):
    """Gives every image back as black, so that the error is the image's mean."""

    def decode(self, latents: Tensor) -> Tensor:
        return super().decode(latents) * 0


def test_reconstruction_is_measured_on_generated_classes(
    tmp_path: Path, first_only: BenchmarkData
) -> None:
    one = torch.tensor([0])
    evaluation = evaluation_of_images(
        first_only.test.images[:1], one, first_only, tmp_path, model=Blackening()
    )
    (error, *_) = Reconstruction().measure(evaluation)
    own = first_only.test.images[first_only.test.labels == 0].double() / 255
    assert error.value == pytest.approx(float(own.mean()))
    assert error.n_real == 20


def test_one_class_is_no_matter_for_a_probe(tmp_path: Path, first_only: BenchmarkData) -> None:
    one = torch.tensor([0])
    evaluation = evaluation_of_images(
        first_only.test.images[:1], one, first_only, tmp_path, model=HalvingModel()
    )
    (found,) = Probe().measure(evaluation)
    assert isinstance(found, Skipped)
    assert "one class" in found.reason
