"""An evaluation computes what metrics ask for, once, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from regene_bench.base.errors import MethodError
from regene_bench.data.device_images import BenchmarkData, DeviceImages
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.feature_cache import FeatureCache
from tests.methods.builders import make_data, make_runtime

from .fakes import HalvingModel, MeanExtractor


@pytest.fixture(autouse=True)
def _counters(own_cache: Path) -> None:
    MeanExtractor.reset()


@pytest.fixture
def data() -> BenchmarkData:
    return make_data()


def evaluation_of(
    model: object, data: BenchmarkData, folder: Path, *, labelled: bool = True
) -> Evaluation:
    runtime = make_runtime(folder)
    generated = DeviceImages(data.test.images[:30].clone(), data.test.labels[:30])
    return Evaluation(
        model=model,
        data=data,
        comparison=Comparison(data.test.labels[:30], data.train, data.test, "train"),
        generated=generated,
        trials={},
        shelf=FeatureCache(lambda name: MeanExtractor, {}, data, runtime),
        runtime=runtime,
        labelled=labelled,
    )


def test_nothing_is_computed_before_it_is_asked_for(data: BenchmarkData, tmp_path: Path) -> None:
    model = HalvingModel()
    evaluation = evaluation_of(model, data, tmp_path)
    assert evaluation.can("encode")
    assert evaluation.can("generate")
    assert not evaluation.can("classify")
    assert (MeanExtractor.prepared, MeanExtractor.extracted, model.encoded) == (0, 0, 0)


def test_features_are_extracted_once_for_all_metrics(data: BenchmarkData, tmp_path: Path) -> None:
    evaluation = evaluation_of(HalvingModel(), data, tmp_path)
    first = evaluation.generated_features("mean")
    assert evaluation.generated_features("mean") is first
    assert MeanExtractor.extracted == 30
    assert evaluation.reference_features("mean") is evaluation.reference_features("mean")
    assert MeanExtractor.extracted == 30 + len(data.train)
    expected = data.test.images[:30].float().mean(dim=(1, 2, 3))[:, None]
    torch.testing.assert_close(first.features, expected)
    assert evaluation.card("mean").id == "mean"
    assert MeanExtractor.prepared == 1


def test_reconstructions_are_made_once_and_as_a_picture_holds_them(
    data: BenchmarkData, tmp_path: Path
) -> None:
    model = HalvingModel()
    evaluation = evaluation_of(model, data, tmp_path)
    assert torch.equal(evaluation.reconstructed, data.test.images)
    assert evaluation.reconstructed.dtype == torch.uint8
    assert model.encoded == len(data.test)


def test_a_model_that_cannot_decode_has_no_reconstructions(
    data: BenchmarkData, tmp_path: Path
) -> None:
    evaluation = evaluation_of(object(), data, tmp_path)
    with pytest.raises(MethodError, match="cannot encode and decode"):
        _ = evaluation.reconstructed


def test_reconstructions_of_another_shape_are_refused(data: BenchmarkData, tmp_path: Path) -> None:
    class Wrong(HalvingModel):
        def decode(self, latents: Any) -> Any:
            return super().decode(latents)[:, :, :4]

    with pytest.raises(MethodError, match=r"decode gives \[60, 1, 4, 8\] for \[60, 1, 8, 8\]"):
        _ = evaluation_of(Wrong(), data, tmp_path).reconstructed


def test_what_follows_from_real_features_is_computed_once_for_a_name_and_a_split(
    data: BenchmarkData, tmp_path: Path
) -> None:
    evaluation = evaluation_of(HalvingModel(), data, tmp_path)
    calls: list[int] = []

    def count(features: torch.Tensor) -> int:
        calls.append(len(features))
        return len(features)

    found = [evaluation.of_reference("count", "mean", split, count) for split in (None, "train")]
    assert found == [len(data.train)] * 2
    assert calls == [len(data.train)]
    assert evaluation.of_reference("count", "mean", "test", count) == len(data.test)
    assert evaluation.of_reference("other", "mean", None, count) == len(data.train)
    assert calls == [len(data.train), len(data.test), len(data.train)]
