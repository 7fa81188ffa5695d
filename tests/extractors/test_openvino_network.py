"""OpenVINO in torch's place: the same features, or torch and a word about it."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from regene_bench_plugins.extractors import openvino_network as module
from regene_bench_plugins.extractors.dinov2 import DinoV2
from regene_bench_plugins.extractors.efficientnet_lite0 import EfficientNetLite0
from regene_bench_plugins.extractors.inception import Inception
from regene_bench_plugins.extractors.neutral_classifier import NeutralClassifier
from regene_bench_plugins.extractors.openvino_network import (
    TOLERANCE,
    CompiledNetwork,
    computed_by,
    faster,
    probe_images,
)
from regene_bench_plugins.extractors.timm_models import Timm
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from torch import Tensor, nn

from regene_bench.api import FeatureExtractor
from regene_bench.base.environment import TORCH_ONLY_VARIABLE
from regene_bench.base.events import Event, Message
from tests.extractors.random_inception import (
    published_in_place_of,
    random_inception,
    save_script,
)
from tests.methods.builders import make_data, make_runtime

needs_openvino = pytest.mark.skipif(
    not module.is_installed(), reason="the extra `fast` is not installed"
)


class Network(nn.Module):
    """Convolutions of fixed weights, whose features are means over places: any size of image."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU()
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).mean((2, 3))


class Unheard(nn.Module):
    """What no inference engine has an operation for."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.linalg.svdvals(x.flatten(2))[:, :2]


@pytest.fixture
def network() -> nn.Module:
    return Network().eval()


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def choose(tmp_path: Path, told: list[Event]) -> Callable[[nn.Module], module.Network]:
    """What computes a network after it was asked to be faster."""
    runtime = make_runtime(tmp_path, emit=told.append)
    return lambda network: faster(network.eval(), inputs(3), "mine", runtime)


def inputs(n: int, channels: int = 3, side: int = 24, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, channels, side, side, generator=generator) * 2 - 1


def error(found: Tensor, expected: Tensor) -> float:
    return float(((found - expected).norm(dim=1) / expected.norm(dim=1)).max())


def warnings_in(told: list[Event]) -> list[str]:
    return [e.text for e in told if isinstance(e, Message) and e.level == "warning"]


def inception(folder: Path, stack: ExitStack) -> FeatureExtractor:
    script = save_script(random_inception(), folder / "weights")
    stack.enter_context(published_in_place_of(script))
    return Inception({})


def small_dinov2(folder: Path, stack: ExitStack) -> FeatureExtractor:
    class Small(DinoV2):
        model = "vit_small_patch14_dinov2.lvd142m"

    return Small({"weights": random_weights("vit_small_patch14_dinov2", folder)})


def small_transformer(folder: Path, stack: ExitStack) -> FeatureExtractor:
    name = "vit_tiny_patch16_224"
    return Timm.named(name)({"weights": random_weights(name, folder)})


def random_weights(model: str, folder: Path) -> str:
    torch.manual_seed(0)
    path = folder / f"{model}.safetensors"
    save_file(timm.create_model(model).state_dict(), path)
    return str(path)


@needs_openvino
@pytest.mark.parametrize(
    "make",
    [lambda *_: EfficientNetLite0({}), inception, small_dinov2, small_transformer],
    ids=["efficientnet_lite0", "inception", "dinov2", "timm"],
)
def test_features_of_real_images_are_those_of_torch(
    make: Callable[[Path, ExitStack], FeatureExtractor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    digits = load_digits().images[:12] * (255 / 16)
    images = torch.from_numpy(digits.astype(np.uint8))[:, None]
    found = {}
    for torch_only in ("1", "0"):
        monkeypatch.setenv(TORCH_ONLY_VARIABLE, torch_only)
        with ExitStack() as stack:
            extractor = make(tmp_path, stack)
            extractor.prepare(make_data(), make_runtime(tmp_path))
        assert list(extractor.computed_by) == ([] if torch_only == "1" else ["openvino"])
        with torch.inference_mode():
            found[torch_only] = extractor.extract(images).features
    assert not torch.equal(found["0"], found["1"]), "one of them was computed twice"
    assert error(found["0"], found["1"]) <= TOLERANCE


@needs_openvino
def test_the_neutral_classifier_is_the_same_one_with_and_without_it(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, told: list[Event]
) -> None:
    data = make_data(1, 28, 28)
    recipe = {"epochs": 2.0, "depth": 8, "batch_size": 32, "learning_rate": 0.05}
    found, cards = {}, set()
    for torch_only in ("1", "0"):
        monkeypatch.setenv(TORCH_ONLY_VARIABLE, torch_only)
        extractor = NeutralClassifier(recipe)
        extractor.prepare(data, make_runtime(tmp_path, emit=told.append))
        assert list(extractor.computed_by) == ([] if torch_only == "1" else ["openvino"])
        with torch.inference_mode():
            found[torch_only] = extractor.extract(data.test.images)
        cards.add(extractor.card)
    assert len(cards) == 1
    assert not warnings_in(told)
    assert error(found["0"].features, found["1"].features) <= TOLERANCE
    logits = found["0"].logits, found["1"].logits
    assert logits[0] is not None
    assert logits[1] is not None
    assert error(*logits) <= 10 * TOLERANCE


@needs_openvino
def test_any_number_of_images_of_any_size_agrees(network: nn.Module) -> None:
    compiled = CompiledNetwork(network, inputs(2))
    for n, side in ((1, 24), (5, 24), (64, 24), (3, 40), (2, 24)):
        images = inputs(n, side=side, seed=n).contiguous(memory_format=torch.channels_last)
        assert error(compiled(images), network(images).detach()) <= TOLERANCE


@needs_openvino
def test_it_computes_in_float32_with_torchs_number_of_threads(network: nn.Module) -> None:
    compiled, before = CompiledNetwork(network, inputs(2)), torch.get_num_threads()
    try:
        for threads in (2, 1):
            torch.set_num_threads(threads)
            compiled(inputs(2))
            settings = compiled._requests[0].get_compiled_model()
            assert settings.get_property("INFERENCE_NUM_THREADS") == threads
            assert torch.get_num_threads() == threads
            assert settings.get_property("INFERENCE_PRECISION_HINT").get_type_name() == "f32"
        images = inputs(64, side=96)
        compiled(images)
        start, used = time.perf_counter(), time.process_time()
        for _ in range(5):
            compiled(images)
        used, passed = time.process_time() - used, time.perf_counter() - start
        assert used < 1.2 * passed, "one thread uses one core"
    finally:
        torch.set_num_threads(before)


@needs_openvino
def test_equal_images_have_equal_bits_in_every_process(network: nn.Module) -> None:
    code = (
        "from tests.extractors.test_openvino_network import *\n"
        "found = CompiledNetwork(Network().eval(), inputs(2))(inputs(9))\n"
        "print(found.numpy().tobytes().hex())"
    )
    command = [sys.executable, "-c", code]
    elsewhere = subprocess.run(command, check=True, capture_output=True, text=True)
    compiled = CompiledNetwork(network, inputs(2))
    found = compiled(inputs(9))
    assert torch.equal(compiled(inputs(9)), found)
    assert elsewhere.stdout == found.numpy().tobytes().hex() + "\n"


@needs_openvino
@pytest.mark.parametrize("threads", [1, 3])
def test_batches_at_once_are_as_one_by_one_and_in_their_order(
    network: nn.Module, threads: int
) -> None:
    before = torch.get_num_threads()
    compiled = CompiledNetwork(network, inputs(2))
    batches = [inputs(n, seed=n) for n in (4, 4, 1, 4, 2, 4, 4)]
    try:
        torch.set_num_threads(threads)
        seen = []

        def made() -> Iterator[Tensor]:
            for batch in batches:
                seen.append(torch.get_num_threads())
                yield batch

        found = compiled.all_of(made())
        assert seen == [1] * len(batches), "torch leaves the other cores to OpenVINO"
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for features, batch in zip(found, batches, strict=True):
        assert torch.equal(features, compiled(batch))


@needs_openvino
def test_batches_that_cannot_be_made_or_computed_leave_all_as_it_was(
    network: nn.Module,
) -> None:
    compiled, threads = CompiledNetwork(network, inputs(2)), torch.get_num_threads()

    def made() -> Iterator[Tensor]:
        yield from (inputs(4, seed=seed) for seed in range(3))
        raise RuntimeError("no more images")

    def of_another_number_of_channels() -> Iterator[Tensor]:
        yield from (inputs(4, seed=seed) for seed in range(3))
        yield inputs(4, channels=5)

    for batches, message in (
        (made(), "no more images"),
        (of_another_number_of_channels(), "channel count"),
    ):
        with pytest.raises(RuntimeError, match=message):
            compiled.all_of(batches)
        assert torch.get_num_threads() == threads
    assert error(compiled(inputs(3)), network(inputs(3)).detach()) <= TOLERANCE


@needs_openvino
def test_results_do_not_change_when_the_next_ones_are_computed(network: nn.Module) -> None:
    compiled = CompiledNetwork(network, inputs(2))
    found = compiled(inputs(4))
    before = found.clone()
    compiled(inputs(4, seed=1))
    assert torch.equal(found, before)


@needs_openvino
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_forked_child_computes_and_lets_go_without_harm(
    network: nn.Module, tmp_path: Path
) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # torch's own do not come along into a child
    compiled = CompiledNetwork(network, inputs(2))
    compiled(inputs(3, side=32))
    expected = compiled(inputs(3))

    def in_the_child() -> None:
        nonlocal compiled
        assert torch.equal(compiled(inputs(3)), expected)
        # another size lets go of what was compiled for the first
        assert error(compiled(inputs(3, side=40)), network(inputs(3, side=40))) <= TOLERANCE
        compiled = CompiledNetwork(network, inputs(2))
        assert torch.equal(compiled(inputs(3)), expected)
        assert computed_by(faster(network, inputs(3), "mine", make_runtime(tmp_path)))

    child = multiprocessing.get_context("fork").Process(target=in_the_child)
    child.start()
    child.join(60)
    torch.set_num_threads(threads)
    assert child.exitcode == 0


@pytest.mark.parametrize(
    ("compiled", "why"),
    [
        (lambda network, probe: lambda inputs: network(inputs) * 1.0001, "differ from torch's by"),
        (lambda network, probe: lambda inputs: network(inputs)[:, 1:], "differ from torch's by"),
        (lambda network, probe: lambda inputs: network(inputs) * float("nan"), "differ"),
    ],
    ids=["other numbers", "another shape", "no numbers"],
)
def test_where_the_two_disagree_torch_computes_and_it_is_said(
    compiled: Callable[..., object],
    why: str,
    network: nn.Module,
    choose: Callable[[nn.Module], module.Network],
    told: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CompiledNetwork", compiled)
    assert choose(network) is network
    (text,) = warnings_in(told)
    assert text.startswith("mine: ")
    assert why in text
    assert "torch computes" in text


@needs_openvino
def test_what_openvino_cannot_compute_torch_does_and_it_is_said(
    choose: Callable[[nn.Module], module.Network], told: list[Event]
) -> None:
    network = Unheard()
    assert choose(network) is network
    assert "OpenVINO cannot compute it" in warnings_in(told)[0]


def test_without_the_package_torch_computes_in_silence(
    network: nn.Module,
    choose: Callable[[nn.Module], module.Network],
    told: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "openvino"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "openvino", None)
    found = choose(network)
    assert found is network
    assert not computed_by(found)
    assert not warnings_in(told)


def test_asked_to_stay_with_torch_it_does(
    network: nn.Module,
    choose: Callable[[nn.Module], module.Network],
    told: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(TORCH_ONLY_VARIABLE, "1")
    assert choose(network) is network
    assert not told


def test_probes_are_images_that_differ() -> None:
    images = probe_images(torch.device("cpu"))
    assert (images.dtype, tuple(images.shape)) == (torch.uint8, (3, 3, 32, 32))
    assert torch.equal(images, probe_images(torch.device("cpu")))
    assert float(torch.pdist(images.flatten(1).float()).min()) > 0
