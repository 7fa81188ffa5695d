"""The neutral classifier is trained once per data and recipe, then comes from the cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from regene_bench_plugins.extractors.neutral_classifier import NeutralClassifier

from regene_bench.base.errors import ConfigError, Interrupted
from regene_bench.base.events import Event, Message, Progress
from regene_bench.data.device_images import BenchmarkData
from regene_bench.data.shapes import Augmentation
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.stop import StopRequest
from tests.methods.builders import make_data, make_runtime

TINY: dict[str, Any] = {"epochs": 2.0, "depth": 8, "batch_size": 32, "learning_rate": 0.05}


@pytest.fixture(autouse=True)
def _empty_cache(own_cache: Path) -> None:
    """Each test trains its own."""


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


def prepared(
    data: BenchmarkData, folder: Path, stop: StopRequest | None = None, **options: Any
) -> tuple[NeutralClassifier, list[Event]]:
    told: list[Event] = []
    extractor = NeutralClassifier(TINY | options)
    extractor.prepare(data, make_runtime(folder, stop=stop, emit=told.append))
    return extractor, told


def trained(told: list[Event]) -> bool:
    return any(isinstance(event, Progress) for event in told)


def test_it_is_trained_once_and_then_comes_from_the_cache(
    data: BenchmarkData, tmp_path: Path
) -> None:
    first, told = prepared(data, tmp_path / "one")
    assert trained(told)
    second, told = prepared(data, tmp_path / "two")
    assert not trained(told)
    assert first.card == second.card
    one, two = (extractor.extract(data.test.images) for extractor in (first, second))
    assert torch.equal(one.features, two.features)
    assert one.logits is not None
    assert two.logits is not None
    assert torch.equal(one.logits, two.logits)


def test_it_is_reproducible_whatever_the_runs_seed(
    data: BenchmarkData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = prepared(data, tmp_path)
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "another cache"))
    torch.manual_seed(999)
    again = NeutralClassifier(TINY)
    told: list[Event] = []
    again.prepare(data, make_runtime(tmp_path, seed=5, emit=told.append))
    assert trained(told)
    assert again.card == first.card


def test_other_data_recipe_or_augmentation_train_another(
    data: BenchmarkData, tmp_path: Path
) -> None:
    other_data = replace(make_data(per_class=35), fingerprint="1" * 64)
    flipped = replace(data, augmentation=Augmentation(horizontal_flip=True))
    hashes = [
        prepared(data, tmp_path)[0].card.weights_sha256,
        prepared(other_data, tmp_path)[0].card.weights_sha256,
        prepared(flipped, tmp_path)[0].card.weights_sha256,
        prepared(data, tmp_path, epochs=3.0)[0].card.weights_sha256,
    ]
    assert len(set(hashes)) == 4


def test_it_learns_easy_classes_and_says_how_well(data: BenchmarkData, tmp_path: Path) -> None:
    extractor, told = prepared(data, tmp_path, epochs=12.0)
    logits = extractor.extract(data.test.images).logits
    assert logits is not None
    right = float((logits.argmax(1) == data.test.labels).float().mean())
    assert right > 0.9
    assert any(isinstance(e, Message) and f"{right:.2%} of the test images" in e.text for e in told)


def test_features_are_those_before_the_linear_layer(data: BenchmarkData, tmp_path: Path) -> None:
    extractor, _ = prepared(data, tmp_path)
    found = extractor.extract(data.test.images[:7])
    assert found.features.shape == (7, 64) == (7, extractor.card.feature_dim)
    assert found.logits is not None
    assert found.logits.shape == (7, 3)
    head = extractor._head
    torch.testing.assert_close(head(found.features), found.logits)


def test_the_batch_size_does_not_matter(data: BenchmarkData, tmp_path: Path) -> None:
    extractor, _ = prepared(data, tmp_path)
    whole = extractor.extract(data.test.images[:6]).features
    alone = torch.cat([extractor.extract(data.test.images[i : i + 1]).features for i in range(6)])
    torch.testing.assert_close(whole, alone, rtol=1e-4, atol=1e-5)


def test_an_interrupted_training_goes_on_and_ends_the_same(
    data: BenchmarkData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, _ = prepared(data, tmp_path)
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "another cache"))
    stop = StopRequest()
    stop.ask("the test")
    with pytest.raises(Interrupted):
        prepared(data, tmp_path, stop=stop)
    resumed, told = prepared(data, tmp_path)
    assert any(isinstance(e, Message) and "goes on at" in e.text for e in told)
    assert resumed.card == plain.card


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"epoch": 3}, ["'epoch' (value 3)", "Did you mean 'epochs'"]),
        ({"epochs": 0}, ["epochs = 0"]),
        ({"depth": 9}, ["depth = 9", "6n + 2"]),
    ],
)
def test_wrong_options_are_named(
    options: dict[str, Any], parts: list[str], data: BenchmarkData, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        prepared(data, tmp_path, **options)
    for part in ["extractor neutral", *parts]:
        assert part in str(caught.value)


def accuracies(told: list[Event]) -> list[str]:
    return [event.text for event in told if isinstance(event, Message) and "gets" in event.text]


def test_its_accuracy_is_told_every_time_and_computed_once(
    data: BenchmarkData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = prepared(data, tmp_path)
    monkeypatch.setattr(NeutralClassifier, "extract", None)
    _, second = prepared(data, tmp_path)
    assert accuracies(first) == accuracies(second)
    assert len(accuracies(first)) == 1


def test_an_accuracy_of_other_weights_is_computed_anew(
    data: BenchmarkData, tmp_path: Path, own_cache: Path
) -> None:
    _, first = prepared(data, tmp_path)
    (kept,) = own_cache.glob("neutral/*/test accuracy *.safetensors")
    CheckpointStore(kept.parent).save(kept.stem, {"weights": "others", "accuracy": 0.125})
    _, second = prepared(data, tmp_path)
    assert accuracies(second) == accuracies(first)
    assert "12.50%" not in accuracies(second)[0]


@pytest.mark.parametrize("what", ["a flipped bit", "no state", "far away"])
def test_damaged_weights_are_trained_again_and_stay_mended(
    what: str, data: BenchmarkData, tmp_path: Path, own_cache: Path
) -> None:
    first, _ = prepared(data, tmp_path)
    (file,) = own_cache.glob("neutral/*/neutral classifier.safetensors")
    store = CheckpointStore(file.parent)
    if what == "a flipped bit":
        content = bytearray(file.read_bytes())
        content[-900] ^= 64
        file.write_bytes(content)
    else:
        state = store.load(file.stem)
        store.save(file.stem, {} if what == "no state" else state | {"step": 10**9})
    second, told = prepared(data, tmp_path)
    assert trained(told)
    assert any(isinstance(e, Message) and "starting over" in e.text for e in told)
    assert second.card == first.card
    third, told = prepared(data, tmp_path)
    assert not trained(told)
    assert third.card == first.card


@pytest.mark.parametrize("kept", [3, {}, {"weights": 1}, {"weights": "w", "accuracy": "high"}])
def test_an_accuracy_that_is_none_is_computed_anew(
    kept: Any, data: BenchmarkData, tmp_path: Path, own_cache: Path
) -> None:
    _, first = prepared(data, tmp_path)
    (file,) = own_cache.glob("neutral/*/test accuracy *.safetensors")
    CheckpointStore(file.parent).save(file.stem, kept)
    assert accuracies(prepared(data, tmp_path)[1]) == accuracies(first)


@pytest.mark.parametrize("blocked", ["", "neutral"])
def test_a_cache_that_cannot_be_written_costs_time_and_is_told_once(
    blocked: str, data: BenchmarkData, tmp_path: Path, own_cache: Path
) -> None:
    place = own_cache / blocked if blocked else own_cache
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("a file in the folder's place")
    first, told = prepared(data, tmp_path, learning_rate=0.04)
    said = [e.text for e in told if isinstance(e, Message) and "not kept" in e.text]
    assert len(said) == 1
    assert str(own_cache) in said[0]
    assert "REGENE_BENCH_CACHE" in said[0]
    place.unlink()
    second, _ = prepared(data, tmp_path, learning_rate=0.04)
    assert second.card == first.card
