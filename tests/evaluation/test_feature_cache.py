"""Features of real images are extracted once per content and extractor, ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from regene_bench.base.errors import Interrupted, PluginError, UnavailableError
from regene_bench.base.events import Event, Message, Progress
from regene_bench.data.device_images import BenchmarkData, DeviceImages
from regene_bench.evaluation import feature_cache
from regene_bench.evaluation.extractor import FeatureExtractor, Features
from regene_bench.evaluation.feature_cache import _CHUNK_ON_CPU, FeatureCache
from regene_bench.harness.finished import is_available
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stop import StopRequest
from tests.methods.builders import make_data, make_runtime

from .fakes import MeanExtractor, Missing, NoLogits

CLASSES: dict[str, type[FeatureExtractor]] = {
    "mean": MeanExtractor,
    "missing": Missing,
    "no logits": NoLogits,
}


@pytest.fixture(autouse=True)
def _counters(own_cache: Path) -> None:
    for extractor in (MeanExtractor, Missing, NoLogits):
        extractor.reset()


@pytest.fixture
def data() -> BenchmarkData:
    return make_data()


def cache_of(data: BenchmarkData, runtime: Runtime, **options: object) -> FeatureCache:
    return FeatureCache(CLASSES.__getitem__, {"mean": options}, data, runtime)


def test_an_extractor_is_prepared_once_with_its_options(
    data: BenchmarkData, tmp_path: Path
) -> None:
    cache = cache_of(data, make_runtime(tmp_path), depth=3)
    assert cache.extractor("mean") is cache.extractor("mean")
    assert MeanExtractor.prepared == 1
    assert MeanExtractor.seen_options == {"depth": 3}


def test_real_features_are_extracted_once_and_kept_on_disk(
    data: BenchmarkData, tmp_path: Path
) -> None:
    runtime = make_runtime(tmp_path)
    first = cache_of(data, runtime)
    features = first.real("mean", data.train)
    expected = data.train.images.float().mean(dim=(1, 2, 3))[:, None]
    torch.testing.assert_close(features.features, expected)
    first.real("mean", DeviceImages(data.train.images.clone(), data.train.labels))
    assert MeanExtractor.extracted == len(data.train)

    later = cache_of(data, runtime).real("mean", data.train)
    assert MeanExtractor.extracted == len(data.train)
    assert torch.equal(later.features, features.features)
    assert later.logits is not None
    assert features.logits is not None
    assert torch.equal(later.logits, features.logits)


def test_other_pixels_are_extracted_anew(data: BenchmarkData, tmp_path: Path) -> None:
    cache = cache_of(data, make_runtime(tmp_path))
    cache.real("mean", data.test)
    pixels = data.test.images.clone()
    pixels[5, 0, 3, 3] ^= 1
    changed = cache.real("mean", DeviceImages(pixels, data.test.labels))
    assert MeanExtractor.extracted == 2 * len(data.test)
    assert changed.features[5] != data.test.images[5].float().mean()


def test_the_same_bytes_in_another_shape_are_another_content(
    data: BenchmarkData, tmp_path: Path
) -> None:
    cache = cache_of(data, make_runtime(tmp_path))
    cache.real("mean", data.test)
    n = len(data.test)
    wide = data.test.images.reshape(n, 1, 4, 16)
    cache.real("mean", DeviceImages(wide, data.test.labels))
    assert MeanExtractor.extracted == 2 * n


def test_other_weights_are_extracted_anew(data: BenchmarkData, tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path)
    cache_of(data, runtime).real("mean", data.test)
    MeanExtractor.weights_sha256 = "bb"
    cache_of(data, runtime).real("mean", data.test)
    assert MeanExtractor.extracted == 2 * len(data.test)


def test_a_damaged_file_of_features_is_made_again(
    data: BenchmarkData, tmp_path: Path, own_cache: Path
) -> None:
    runtime = make_runtime(tmp_path)
    features = cache_of(data, runtime).real("mean", data.test).features
    (file,) = (own_cache / "features").glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:100])
    again = cache_of(data, runtime).real("mean", data.test).features
    assert torch.equal(again, features)
    assert MeanExtractor.extracted == 2 * len(data.test)


def test_features_with_a_flipped_bit_are_made_again_and_said_so(
    data: BenchmarkData, tmp_path: Path, own_cache: Path
) -> None:
    features = cache_of(data, make_runtime(tmp_path)).real("mean", data.test).features
    (file,) = (own_cache / "features").glob("*.safetensors")
    content = bytearray(file.read_bytes())
    content[-5] ^= 16
    file.write_bytes(content)
    told: list[Event] = []
    again = cache_of(data, make_runtime(tmp_path, emit=told.append)).real("mean", data.test)
    assert torch.equal(again.features, features)
    (said,) = [e.text for e in told if isinstance(e, Message)]
    assert "not those that were written" in said
    assert "extracted again" in said
    third = cache_of(data, make_runtime(tmp_path)).real("mean", data.test).features
    assert torch.equal(third, features)
    assert MeanExtractor.extracted == 2 * len(data.test)


@pytest.mark.parametrize(
    "state",
    [
        3,
        {},
        {"features": torch.ones(2, 1)},
        {"features": torch.ones(2, 1), "logits": None},
        {"features": "words", "logits": None},
        {"features": torch.full((15, 1), float("nan")), "logits": None},
    ],
)
def test_a_file_of_something_else_is_no_features(
    state: object, data: BenchmarkData, tmp_path: Path, own_cache: Path
) -> None:
    runtime = make_runtime(tmp_path)
    features = cache_of(data, runtime).real("mean", data.test).features
    (file,) = (own_cache / "features").glob("*.safetensors")
    CheckpointStore(file.parent).save(file.stem, state)
    assert torch.equal(cache_of(data, runtime).real("mean", data.test).features, features)
    assert MeanExtractor.extracted == 2 * len(data.test)


def test_an_unavailable_extractor_gives_the_same_error_each_time_and_one_warning(
    data: BenchmarkData, tmp_path: Path
) -> None:
    told: list[Event] = []
    cache = cache_of(data, make_runtime(tmp_path, emit=told.append))
    errors = []
    for _ in range(3):
        with pytest.raises(UnavailableError, match="no weights today") as caught:
            cache.real("missing", data.test)
        errors.append(caught.value)
    assert len(set(map(id, errors))) == 1
    assert Missing.prepared == 1
    (warning,) = [event for event in told if isinstance(event, Message)]
    assert warning.level == "warning"
    assert "fetch them" in warning.text


def test_chunks_do_not_matter_and_progress_is_told(data: BenchmarkData, tmp_path: Path) -> None:
    told: list[Event] = []
    cache = cache_of(data, make_runtime(tmp_path, emit=told.append))
    images = data.train.images.repeat(6, 1, 1, 1)
    found = cache.extract("mean", images, "all images")
    torch.testing.assert_close(found.features[:, 0], images.float().mean(dim=(1, 2, 3)))
    progress = [event for event in told if isinstance(event, Progress)]
    assert len(progress) > 1
    assert (progress[-1].done, progress[-1].total) == (len(images), len(images))


def test_features_without_logits_stay_without(data: BenchmarkData, tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path)
    assert cache_of(data, runtime).real("no logits", data.test).logits is None
    assert cache_of(data, runtime).real("no logits", data.test).logits is None
    assert NoLogits.extracted == len(data.test)


def test_a_stop_is_heeded_and_leaves_no_half_file(
    data: BenchmarkData, tmp_path: Path, own_cache: Path
) -> None:
    stop = StopRequest()
    stop.ask("the test")
    with pytest.raises(Interrupted):
        cache_of(data, make_runtime(tmp_path, stop=stop)).real("mean", data.test)
    assert not list(own_cache.rglob("*.safetensors"))


def test_a_stop_is_seen_within_few_images(data: BenchmarkData, tmp_path: Path) -> None:
    # a CPU needs seconds for the images of one chunk
    stop = StopRequest()

    def ask(event: Event) -> None:
        stop.ask("the test")

    runtime = make_runtime(tmp_path, stop=stop, emit=ask)
    with pytest.raises(Interrupted):
        cache_of(data, runtime).extract("mean", data.train.images.repeat(9, 1, 1, 1), "images")
    assert 0 < MeanExtractor.extracted <= 64


def test_a_cache_that_cannot_be_written_costs_time_alone_and_is_told_once(
    data: BenchmarkData, tmp_path: Path, own_cache: Path
) -> None:
    own_cache.mkdir(parents=True, exist_ok=True)
    (own_cache / "features").write_text("a file in the folder's place")
    told: list[Event] = []
    cache = cache_of(data, make_runtime(tmp_path, emit=told.append))
    for images in (data.test, data.train):
        expected = images.images.float().mean(dim=(1, 2, 3))[:, None]
        torch.testing.assert_close(cache.real("mean", images).features, expected)
    (warning,) = [event for event in told if isinstance(event, Message)]
    assert warning.level == "warning"
    assert "REGENE_BENCH_CACHE" in warning.text
    assert "--results" not in warning.text


def _of(change: Callable[[Features], object]) -> type[MeanExtractor]:
    class Wrong(MeanExtractor):
        def extract(self, images: torch.Tensor) -> Features:
            found = super().extract(images)
            assert found.logits is not None
            # the last chunk is smaller than the others
            return found if len(images) == _CHUNK_ON_CPU else change(found)  # type: ignore[return-value]

    return Wrong


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.features, "gave a Tensor, not Features"),
        (lambda f: Features(f.features[:1], f.logits), "features of shape [1, 1] for 11"),
        (lambda f: Features(f.features[:, 0], f.logits), "features of shape ["),
        (lambda f: Features(f.features.repeat(1, 3), f.logits), ", 3], not ['N', 1]"),
        (lambda f: Features(f.features, None), "logits of shape none"),
        (lambda f: Features(f.features * float("nan"), f.logits), "features that are not finite"),
        (lambda f: Features(f.features, f.logits / 0), "logits that are not finite"),
    ],
    ids=["no features", "one row", "flat", "wider", "no logits", "nan", "infinite"],
)
def test_what_is_no_finite_row_an_image_is_refused(
    change: Callable[[Features], object], words: str, data: BenchmarkData, tmp_path: Path
) -> None:
    cache = FeatureCache(lambda _: _of(change), {}, data, make_runtime(tmp_path))
    images = data.train.images[:1].repeat(_CHUNK_ON_CPU + 11, 1, 1, 1)
    with pytest.raises(PluginError) as caught:
        cache.extract("mean", images, "generated images")
    assert "'mean'" in caught.value.message
    assert words in caught.value.message


@pytest.mark.parametrize("error", [KeyError("size"), SystemExit(0), GeneratorExit()])
def test_whatever_an_extractor_raises_while_it_is_prepared_is_its_own_error(
    error: BaseException, data: BenchmarkData, tmp_path: Path
) -> None:
    class Failing(MeanExtractor):
        def prepare(self, data: object, runtime: object) -> None:
            type(self).prepared += 1
            raise error

    Failing.prepared = 0
    cache = FeatureCache(lambda _: Failing, {}, data, make_runtime(tmp_path))
    for _ in range(2):
        with pytest.raises(PluginError) as caught:
            cache.extractor("mean")
        assert type(error).__name__ in caught.value.message
        assert "'mean'" in caught.value.message
    assert Failing.prepared == 1
    assert not is_available(cache, "mean")


class Fast(MeanExtractor):
    computed_by: ClassVar[Mapping[str, str]] = {"an engine": "1.2"}


def test_what_computed_features_is_known_also_of_those_on_the_disk(
    data: BenchmarkData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CLASSES, "fast", Fast)
    Fast.reset()
    cache = cache_of(data, make_runtime(tmp_path))
    cache.extractor("fast")
    assert not cache.computed_by, "nothing was computed yet"
    cache.real("fast", data.test)
    assert cache.computed_by == {"an engine": "1.2"}
    cache.real("mean", data.test)
    assert cache.computed_by == {"an engine": "1.2"}

    monkeypatch.setattr(Fast, "computed_by", {"an engine": "1.3"})
    later = cache_of(data, make_runtime(tmp_path))
    later.real("fast", data.test)
    assert Fast.extracted == len(data.test), "the older one's features are features all the same"
    assert later.computed_by == {"an engine": "1.2"}


def test_torch_alone_takes_features_of_torch_alone(
    data: BenchmarkData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CLASSES, "fast", Fast)
    Fast.reset()
    cache_of(data, make_runtime(tmp_path)).real("fast", data.test)
    monkeypatch.setattr(Fast, "computed_by", {})
    for _ in range(2):
        torch_only = cache_of(data, make_runtime(tmp_path))
        torch_only.real("fast", data.test)
        assert not torch_only.computed_by
        assert Fast.extracted == 2 * len(data.test), "extracted again once, then kept"
    monkeypatch.setattr(Fast, "computed_by", {"an engine": "1.2"})
    fast = cache_of(data, make_runtime(tmp_path))
    fast.real("fast", data.test)
    assert Fast.extracted == 2 * len(data.test), "with the engine torch's features are taken"
    assert not fast.computed_by


@pytest.mark.parametrize("stated", [None, {"an engine": 1.2}, {3: "1.2"}, "an engine"])
def test_an_extractor_that_says_nonsense_of_what_computes_it_is_refused(
    stated: object, data: BenchmarkData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CLASSES, "fast", Fast)
    monkeypatch.setattr(Fast, "computed_by", stated)
    with pytest.raises(PluginError):
        cache_of(data, make_runtime(tmp_path)).extractor("fast")


@pytest.mark.parametrize(("seconds", "said"), [(100.0, "about 3 min"), (1.0, None)])
def test_how_long_real_images_take_is_said_after_the_first_of_them(
    seconds: float,
    said: str | None,
    data: BenchmarkData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n = len(data.train)
    assert _CHUNK_ON_CPU < n <= 2 * _CHUNK_ON_CPU
    # a clock that is looked at before and after the first chunk
    times = iter((0.0, seconds))
    monkeypatch.setattr(feature_cache, "monotonic", lambda: next(times))
    told: list[Event] = []
    cache = cache_of(data, make_runtime(tmp_path, emit=told.append))
    cache.real("mean", data.train)
    texts = [event.text for event in told if isinstance(event, Message)]
    expected = f"features of {n} real images (mean) take {said}, and are then kept"
    assert texts == ([] if said is None else [expected])
    if said is not None:
        first, later = (i for i, event in enumerate(told) if isinstance(event, Progress))
        assert first < told.index(Message(expected)) < later
    cache_of(data, make_runtime(tmp_path)).real("mean", data.train)


def test_generated_images_are_not_foretold(
    data: BenchmarkData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_cache, "monotonic", lambda: 0.0)
    monkeypatch.setattr(feature_cache, "_LONG", 0.0)
    told: list[Event] = []
    cache = cache_of(data, make_runtime(tmp_path, emit=told.append))
    cache.extract("mean", data.train.images, "generated images")
    assert not [event for event in told if isinstance(event, Message)]
    cache.real("mean", data.train)
    assert [event for event in told if isinstance(event, Message)]
