"""The Inception extractor loads its verified file, and nothing else stands in for it."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from regene_bench_plugins.extractors import inception as module
from regene_bench_plugins.extractors.inception import Inception
from regene_bench_plugins.extractors.preprocess import bicubic_square
from torch import Tensor, nn

from regene_bench.errors import UnavailableError
from regene_bench.interfaces import WeightsFile
from tests.methods.builders import make_data, make_runtime


class Layers(nn.Module):
    """Pooled pixels times fixed weights: 2048 features of an image of 299 pixels."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(48, 2048, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(x, [4, 4]).flatten(1) @ self.weight


class StandIn(nn.Module):
    """What clean-fid calls of the real network: ``layers``."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = Layers()

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@pytest.fixture
def file(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> WeightsFile:
    """The stand-in in the place of the weights, and its own hash in the place of the real one."""
    path = own_cache / "weights" / module.INCEPTION_2015.filename
    path.parent.mkdir(parents=True)
    with warnings.catch_warnings():
        # TorchScript is what the published file is
        warnings.simplefilter("ignore", FutureWarning)
        torch.jit.script(StandIn()).save(str(path))
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    patched = replace(module.INCEPTION_2015, sha256=digest, size=len(content))
    monkeypatch.setattr(module, "INCEPTION_2015", patched)
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    return patched


def test_the_verified_file_is_loaded_and_used(file: WeightsFile, tmp_path: Path) -> None:
    extractor = Inception({})
    extractor.prepare(make_data(), make_runtime(tmp_path))
    images = torch.randint(0, 256, (3, 1, 8, 8), dtype=torch.uint8)
    found = extractor.extract(images)
    assert found.features.shape == (3, 2048)
    assert found.features.dtype == torch.float32
    inputs = (bicubic_square(images, 299) - 128) / 128
    torch.testing.assert_close(found.features, StandIn()(inputs), rtol=1e-4, atol=1e-4)
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
