"""The Inception extractor loads its verified file, and nothing else stands in for it.

What the real architecture gives is in ``tests/parity/test_inception.py``.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from regene_bench_plugins.backbones import inception as module
from regene_bench_plugins.backbones.inception import build_inception
from regene_bench_plugins.extractors.inception import Inception
from regene_bench_plugins.extractors.preprocess import bicubic_square
from torch import Tensor, nn

from regene_bench.base.errors import UnavailableError
from regene_bench.base.events import Event, Message
from regene_bench.evaluation.extractor import WeightsFile
from tests.extractors.random_inception import save_script
from tests.methods.builders import make_data, make_runtime


class Layers(nn.Module):
    """Pooled pixels times fixed weights: 2048 features of an image of 299 pixels."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(48, 2048, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        pooled = torch.nn.functional.adaptive_avg_pool2d(x, [4, 4]).flatten(1) @ self.weight
        return pooled[:, :, None, None]


class OtherNetwork(nn.Module):
    """The file's interface over layers that are not Inception's."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = Layers()
        self.output = nn.Linear(2048, 1008)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@pytest.fixture
def network() -> OtherNetwork:
    torch.manual_seed(0)
    return OtherNetwork().requires_grad_(False)


@pytest.fixture
def file(network: OtherNetwork, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> WeightsFile:
    """The other network in the place of the weights, and its hash in the place of the real one."""
    content = save_script(network, own_cache / "weights").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    patched = replace(module.INCEPTION_2015, sha256=digest, size=len(content))
    monkeypatch.setattr(module, "INCEPTION_2015", patched)
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    return patched


def test_a_file_of_other_layers_is_run_by_its_own_code_and_says_so(
    file: WeightsFile, network: OtherNetwork, tmp_path: Path
) -> None:
    told: list[Event] = []
    extractor = Inception({})
    extractor.prepare(make_data(), make_runtime(tmp_path, emit=told.append))
    images = torch.randint(0, 256, (5, 1, 8, 8), dtype=torch.uint8)
    found = extractor.extract(images)
    expected = network.layers((bicubic_square(images, 299) - 128) / 128).flatten(1)
    torch.testing.assert_close(found.features, expected, rtol=1e-4, atol=1e-4)
    assert found.features.dtype == torch.float32
    assert found.logits is not None
    logits = expected @ network.output.weight.T
    torch.testing.assert_close(found.logits, logits, rtol=1e-4, atol=1e-4)
    warnings = [event for event in told if isinstance(event, Message) and event.level == "warning"]
    assert ["its own, slower code" in event.text for event in warnings] == [True]


@pytest.mark.usefixtures("file")
def test_a_network_that_answers_otherwise_is_not_used_for_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: OtherNetwork
) -> None:
    class Wrong(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 1.001 * network.layers(x).flatten(1)

    monkeypatch.setattr(module, "build_inception", lambda state: Wrong())
    extractor = Inception({})
    extractor.prepare(make_data(), make_runtime(tmp_path))
    images = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    expected = network.layers((bicubic_square(images, 299) - 128) / 128).flatten(1)
    torch.testing.assert_close(extractor.extract(images).features, expected, rtol=1e-5, atol=1e-5)


def test_tensors_of_another_architecture_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        build_inception({})
    wrong = {f"{name}.weight": torch.zeros(1, 1, 1, 1) for name in range(94)}
    with pytest.raises(ValueError, match="without beta"):
        build_inception(wrong)


def test_the_card_says_what_was_done(file: WeightsFile, tmp_path: Path) -> None:
    extractor = Inception({})
    extractor.prepare(make_data(), make_runtime(tmp_path))
    card = extractor.card
    assert (card.id, card.feature_dim, card.input_size) == ("inception", 2048, 299)
    assert card.weights_sha256 == file.sha256
    assert card.value_range == (-1.0, 127 / 128)


def remedy(folder: Path) -> UnavailableError:
    with pytest.raises(UnavailableError) as caught:
        Inception({}).prepare(make_data(), make_runtime(folder))
    assert "regene-bench weights fetch inception" in caught.value.hint
    assert "regene-bench weights add" in caught.value.hint
    assert module.INCEPTION_2015.url in caught.value.hint
    return caught.value


def test_a_file_of_another_hash_is_not_loaded(
    file: WeightsFile, own_cache: Path, tmp_path: Path
) -> None:
    path = own_cache / "weights" / file.filename
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    remedy(tmp_path)
    assert path.read_bytes() == bytes(content)


def test_without_the_file_it_is_unavailable_with_a_remedy(
    file: WeightsFile, own_cache: Path, tmp_path: Path
) -> None:
    (own_cache / "weights" / file.filename).unlink()
    assert "'inception'" in remedy(tmp_path).message


def test_the_published_file_is_pinned() -> None:
    pinned = module.INCEPTION_2015
    assert pinned.filename == "inception-2015-12-05.pt"
    assert pinned.sha256 == "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4"
    assert pinned.size == 95_607_719
    assert Inception.weights == (pinned,)
