"""Features of many images by several devices, each with an extractor and a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from regene_bench.base.errors import Interrupted, PluginError, UnavailableError
from regene_bench.base.events import Event, Message
from regene_bench.data.device_images import BenchmarkData
from regene_bench.evaluation.extractor import ExtractorCard, FeatureExtractor, Features
from regene_bench.evaluation.feature_cache import _CHUNK_ON_CPU, FeatureCache
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stop import StopRequest
from tests.methods.builders import make_data, make_runtime

_CPU = torch.device("cpu")
_CHUNKS = 6


class Mean(FeatureExtractor):
    """The mean of each image, and which extractors of the class have computed it."""

    made: list[Mean]
    at_once = 1

    @classmethod
    def reset(cls) -> None:
        cls.made = []
        cls.meeting = threading.Barrier(cls.at_once, timeout=30)

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        type(self).made.append(self)
        self.chunks = 0

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard("mean", 0, (0.0, 255.0), 1, "aa", "none")

    def extract(self, images: Tensor) -> Features:
        self.chunks += 1
        self.meeting.wait()
        means = images.float().mean(dim=(1, 2, 3))[:, None]
        return Features(means, 10 * means)


class MeanOfTwo(Mean):
    """Computes nothing unless two of it do so at once."""

    at_once = 2


class OtherElsewhere(Mean):
    """The second one has other weights."""

    @property
    def card(self) -> ExtractorCard:
        first = self is type(self).made[0]
        return replace(super().card, weights_sha256="aa" if first else "bb")


class NowhereElse(Mean):
    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        if type(self).made:
            raise UnavailableError("no memory is left there")
        super().prepare(data, runtime)


class Failing(Mean):
    def extract(self, images: Tensor) -> Features:
        if bool((images == 7).all()):
            raise ValueError("no sevens")
        return super().extract(images)


class Slow(Mean):
    """Takes its time, but for the first images."""

    def extract(self, images: Tensor) -> Features:
        if self.chunks:
            time.sleep(0.2)
        return super().extract(images)


@pytest.fixture(autouse=True)
def _own_cache(own_cache: Path) -> None:
    for kind in (Mean, MeanOfTwo, OtherElsewhere, NowhereElse, Failing, Slow):
        kind.reset()


def cache_of(
    kind: type[Mean], runtime: Runtime, devices: Sequence[torch.device] = (_CPU, _CPU)
) -> FeatureCache:
    return FeatureCache(lambda name: kind, {}, make_data(), runtime, also_on=devices[1:])


def images(chunks: int = _CHUNKS) -> Tensor:
    drawn = torch.Generator().manual_seed(1)
    n = chunks * _CHUNK_ON_CPU - 3
    return torch.randint(0, 256, (n, 1, 8, 8), dtype=torch.uint8, generator=drawn)


def test_two_devices_compute_at_once_and_features_are_in_order(tmp_path: Path) -> None:
    given = images()
    found = cache_of(MeanOfTwo, make_runtime(tmp_path)).extract("mean", given, "test")
    alone = cache_of(Mean, make_runtime(tmp_path), [_CPU]).extract("mean", given, "test")
    assert torch.equal(found.features, alone.features)
    assert found.logits is not None
    assert alone.logits is not None
    assert torch.equal(found.logits, alone.logits)
    assert [extractor.chunks for extractor in MeanOfTwo.made] == [3, 3]
    assert [extractor.chunks for extractor in Mean.made] == [6]


def test_a_second_extraction_prepares_nothing_again(tmp_path: Path) -> None:
    cache = cache_of(Mean, make_runtime(tmp_path))
    cache.extract("mean", images(2), "test")
    cache.extract("mean", images(2), "test")
    assert len(Mean.made) == 2
    assert sum(extractor.chunks for extractor in Mean.made) == 4


@pytest.mark.parametrize(
    ("kind", "why"),
    [(OtherElsewhere, "other weights"), (NowhereElse, "no memory is left there")],
)
def test_where_an_extractor_does_not_come_out_the_same_it_is_not_used_and_that_is_said(
    tmp_path: Path, kind: type[Mean], why: str
) -> None:
    told: list[Event] = []
    runtime = replace(make_runtime(tmp_path), emit=told.append)
    given = images(2)
    found = cache_of(kind, runtime).extract("mean", given, "test")
    torch.testing.assert_close(found.features[:, 0], given.float().mean(dim=(1, 2, 3)))
    assert kind.made[0].chunks == 2
    warnings = [event.text for event in told if isinstance(event, Message)]
    assert len(warnings) == 1
    assert "cpu computes no features of mean" in warnings[0]
    assert why in warnings[0]


def test_what_fails_on_one_device_ends_the_extraction(tmp_path: Path) -> None:
    given = images()
    given[3 * _CHUNK_ON_CPU : 4 * _CHUNK_ON_CPU] = 7
    with pytest.raises(PluginError, match="no sevens"):
        cache_of(Failing, make_runtime(tmp_path)).extract("mean", given, "test")


def test_a_stop_leaves_the_rest_undone(tmp_path: Path) -> None:
    stop = StopRequest()

    def stop_at_the_first(event: Event) -> None:
        stop.ask("enough")

    runtime = replace(make_runtime(tmp_path), stop=stop, emit=stop_at_the_first)
    with pytest.raises(Interrupted):
        cache_of(Slow, runtime).extract("mean", images(40), "test")
    assert sum(extractor.chunks for extractor in Slow.made) < 40
