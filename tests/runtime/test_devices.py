"""Which devices a call may name, and what each of its workers sees of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from regene_bench.base.errors import UsageError
from regene_bench.harness.executors.choose import choose_executor
from regene_bench.harness.executors.workers import workers
from regene_bench.harness.options import Options, make_options
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime import devices
from regene_bench.runtime.devices import Place, choose_devices, helpers_of, places, show_only


def test_a_processor_may_be_named_for_each_worker() -> None:
    assert choose_devices("cpu, cpu") == ("cpu", "cpu")
    # scores depend on the number of threads, and must not on that of workers
    assert places(("cpu", "cpu"), 1, cores=16) == [Place("cpu"), Place("cpu")]


def test_each_worker_sees_its_card_alone_and_has_its_share_of_the_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert places(("cuda:0", "cuda:3"), 2, cores=16) == [
        Place("cuda:0", 4, "0"),
        Place("cuda:0", 4, "3"),
        Place("cuda:0", 4, "0"),
        Place("cuda:0", 4, "3"),
    ]
    # a scheduler has shown this call two of the machine's cards
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,GPU-7f")
    assert [place.visible for place in places(("cuda:1", "cuda:0"), 1, 2)] == ["GPU-7f", "5"]
    show_only(None)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "5,GPU-7f"
    show_only("GPU-7f")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-7f"


def test_cards_of_several_models_work_together_only_if_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = {"cuda:0": "A100", "cuda:1": "A100", "cuda:2": "H100"}
    monkeypatch.setattr(devices, "choose_device", torch.device)
    monkeypatch.setattr(devices, "device_name", lambda device: models[str(device)])
    assert choose_devices("cuda:0,cuda:1") == ("cuda:0", "cuda:1")
    with pytest.raises(UsageError, match="cuda:1 is a A100, and cuda:2 a H100") as caught:
        choose_devices("cuda:1,cuda:2")
    assert "--mixed-devices" in str(caught.value.hint)
    assert choose_devices("cuda:1,cuda:2", mixed=True) == ("cuda:1", "cuda:2")


def test_who_helps_the_first_device_is_another_one_of_its_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert helpers_of(["cpu", "cpu", "cpu"]) == [torch.device("cpu")] * 2
    models = {"cuda:0": "A100", "cuda:1": "A100", "cuda:2": "H100"}
    monkeypatch.setattr(devices, "device_name", lambda device: models[str(device)])
    named = ["cuda:0", "cuda:1", "cuda:0", "cuda:2", "cuda:1"]
    assert helpers_of(named) == [torch.device("cuda:1")]


@pytest.mark.parametrize(
    ("named", "words"),
    [("", "names none"), ("auto,cpu", "no certain device"), ("cuda", "no certain device")],
)
def test_devices_are_named_one_by_one(named: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        choose_devices(named)
    assert caught.value.hint


@pytest.mark.skipif(torch.cuda.is_available(), reason="all are there")
def test_all_of_no_cards_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no GPU"):
        choose_devices("all")


def test_several_devices_are_for_workers() -> None:
    host = load_plugins()
    asked = make_options(devices="cpu,cpu", results=Path("out"))
    assert (asked.devices, asked.executor) == (("cpu", "cpu"), "workers")
    assert choose_executor(host, asked) is workers
    for refused, words in (
        (Options(devices=("cpu", "cpu"), executor="stacked"), "computes on one device"),
        (Options(devices=("cpu",), executor="workers", device="cuda:1"), "were given"),
    ):
        with pytest.raises(UsageError, match=words) as caught:
            choose_executor(host, refused)
        assert caught.value.hint
