"""The whole Inception pass against the libraries that the field trusts, with the same weights.

The published file cannot be had everywhere, so that all sides get one file of random weights and
the right architecture. Each library is asked under its own convention, which is what its numbers
are known by, and the extractor's network under the same:

* clean-fid: Pillow's bicubic kernel in floating point, then clipped; this is our own convention;
* torch-fidelity: bilinear with the alignment of TensorFlow 1;
* pytorch-fid: bilinear without antialiasing, and images in [−1, 1] rather than [−1, 127/128];
* torchmetrics: bilinear with antialiasing.

The numbers of different conventions cannot be compared with each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from regene_bench_plugins.extractors.inception import Inception
from scipy import linalg
from torch import Tensor
from torch.nn import functional as F

from regene_bench.base.environment import TORCH_ONLY_VARIABLE
from regene_bench.evaluation.frechet import frechet_distance
from tests.extractors.random_inception import (
    RandomInception,
    fidelity_state,
    published_in_place_of,
    random_inception,
    save_script,
)
from tests.methods.builders import make_data, make_runtime

pytestmark = pytest.mark.slow

FEATURE_TOLERANCE = 1e-4
DISTANCE_TOLERANCE = 1e-5
N = 4


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(autouse=True)
def _square_root_with_its_old_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """SciPy 1.18 took ``disp`` away, which clean-fid and pytorch-fid still pass."""

    def sqrtm(matrix: np.ndarray, disp: bool = True) -> object:
        root = original(matrix)
        return root if disp else (root, 0.0)

    original = linalg.sqrtm
    monkeypatch.setattr(linalg, "sqrtm", sqrtm)


@pytest.fixture(scope="module")
def network() -> RandomInception:
    return random_inception()


@pytest.fixture(scope="module")
def file(network: RandomInception, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_script(network, tmp_path_factory.mktemp("cache") / "weights")


@pytest.fixture(scope="module")
def state_file(network: RandomInception, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("state") / "weights-inception-2015-12-05.pth"
    torch.save(fidelity_state(network), path)
    return path


@pytest.fixture(scope="module")
def extractor(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inception]:
    with published_in_place_of(file):
        found = Inception({})
        found.prepare(make_data(), make_runtime(tmp_path_factory.mktemp("checkpoints")))
        yield found


def pictures(seed: int, contrast: float) -> Tensor:
    """Smooth colour fields with some noise, uint8 ``[N, 3, 32, 32]``."""
    generator = torch.Generator().manual_seed(seed)
    coarse = contrast * torch.randn(N, 3, 4, 4, generator=generator)
    smooth = F.interpolate(coarse, size=(32, 32), mode="bicubic", align_corners=False)
    noise = 0.05 * torch.randn(N, 3, 32, 32, generator=generator)
    return ((smooth + noise) * 64 + 128).clamp(0, 255).to(torch.uint8)


@pytest.fixture(scope="module")
def first() -> Tensor:
    return pictures(0, 1.0)


@pytest.fixture(scope="module")
def second() -> Tensor:
    return pictures(1, 0.6)


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found.double() - expected.double()).norm() / expected.double().norm())


def saved(images: Tensor, folder: Path) -> Path:
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image.movedim(0, -1).numpy()).save(folder / f"{number:03}.png")
    return folder


def statistics(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = features.astype(np.float64)
    return values.mean(axis=0), np.cov(values, rowvar=False)


def span_of(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """An orthonormal basis ``[2048, 2N]`` of the space in which two sets of N features lie.

    A rotation changes no Fréchet distance, so a library asked in these coordinates gives what it
    gives in all 2048, where its matrix square root takes half a minute. That one is compared in
    tests/parity/test_frechet.py.
    """
    return np.linalg.qr(np.concatenate([first, second]).astype(np.float64).T)[0]


def test_features_and_logits_come_from_one_pass_and_are_the_files_own(
    extractor: Inception, network: RandomInception, first: Tensor
) -> None:
    found = extractor.extract(first[:3])
    inputs = resized_by_us(first[:3])
    assert found.features.shape == (3, 2048)
    assert relative(found.features, network(inputs, return_features=True)) < 1e-5
    assert found.logits is not None
    assert found.logits.shape == (3, 1008)
    probabilities = network(inputs, no_output_bias=True)
    torch.testing.assert_close(found.logits.softmax(1), probabilities, rtol=1e-4, atol=1e-7)


def test_the_fast_network_is_the_one_in_use(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TORCH_ONLY_VARIABLE, "1")
    with published_in_place_of(file):
        extractor = Inception({})
        extractor.prepare(make_data(), make_runtime(tmp_path))
    network = extractor._network
    assert isinstance(network, torch.nn.Module)
    assert not any(isinstance(module, torch.jit.ScriptModule) for module in network.modules())


def resized_by_us(images: Tensor) -> Tensor:
    from regene_bench_plugins.extractors.preprocess import bicubic_square

    return bicubic_square(images, 299)


def test_clean_fid_from_image_files(
    extractor: Inception, file: Path, first: Tensor, second: Tensor, tmp_path: Path
) -> None:
    from cleanfid import fid
    from cleanfid.inception_torchscript import InceptionV3W

    model = InceptionV3W(str(file.parent), download=False, resize_inside=False)
    theirs, ours = [], []
    for name, images in (("first", first), ("second", second)):
        folder = saved(images, tmp_path / name)
        files = [str(path) for path in sorted(folder.iterdir())]
        theirs.append(
            fid.get_files_features(files, model, num_workers=0, device="cpu", verbose=False)
        )
        ours.append(extractor.extract(images).features)
        assert relative(ours[-1], torch.from_numpy(theirs[-1])) < FEATURE_TOLERANCE
    basis = span_of(*theirs)
    expected = fid.fid_from_feats(*(features @ basis for features in theirs))
    assert frechet_distance(*ours) == pytest.approx(expected, rel=DISTANCE_TOLERANCE)


def test_torch_fidelity(
    extractor: Inception, state_file: Path, first: Tensor, second: Tensor
) -> None:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torch_fidelity.interpolate_compat_tensorflow import (
        interpolate_bilinear_2d_like_tensorflow1x,
    )
    from torch_fidelity.metric_fid import (
        fid_features_to_statistics,
        fid_statistics_to_metric,
    )

    model = FeatureExtractorInceptionV3(
        "random", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(state_file)
    )
    theirs, ours = [], []
    for images in (first, second):
        features, logits = model(images)
        resized = interpolate_bilinear_2d_like_tensorflow1x(
            images.float(), size=(299, 299), align_corners=False
        )
        theirs.append(features)
        ours.append(extractor._network((resized - 128) / 128))
        assert relative(ours[-1], features) < FEATURE_TOLERANCE
        assert relative(F.linear(ours[-1], extractor._output), logits) < FEATURE_TOLERANCE
    basis = torch.from_numpy(span_of(*(features.numpy() for features in theirs)))
    expected = fid_statistics_to_metric(
        *(fid_features_to_statistics(features.double() @ basis) for features in theirs),
        verbose=False,
    )["frechet_inception_distance"]
    assert frechet_distance(*ours) == pytest.approx(expected, rel=DISTANCE_TOLERANCE)


def test_pytorch_fid_from_image_files(
    extractor: Inception,
    state_file: Path,
    first: Tensor,
    second: Tensor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fid_score = pytest.importorskip("pytorch_fid.fid_score")
    inception = pytest.importorskip("pytorch_fid.inception")
    state = torch.load(state_file, weights_only=True)
    monkeypatch.setattr(inception, "load_state_dict_from_url", lambda *_, **__: state)
    model = inception.InceptionV3([3])
    theirs, ours = [], []
    for name, images in (("first", first), ("second", second)):
        files = sorted(saved(images, tmp_path / name).iterdir())
        theirs.append(fid_score.get_activations(files, model, num_workers=0))
        resized = F.interpolate(images / 255, size=(299, 299), mode="bilinear", align_corners=False)
        ours.append(extractor._network(2 * resized - 1))
        assert relative(ours[-1], torch.from_numpy(theirs[-1])) < FEATURE_TOLERANCE
    basis = span_of(*theirs)
    (mean1, cov1), (mean2, cov2) = (statistics(features @ basis) for features in theirs)
    expected = fid_score.calculate_frechet_distance(mean1, cov1, mean2, cov2)
    assert frechet_distance(*ours) == pytest.approx(expected, rel=DISTANCE_TOLERANCE)


def test_torchmetrics(
    extractor: Inception, state_file: Path, first: Tensor, second: Tensor
) -> None:
    torchmetrics = pytest.importorskip("torchmetrics.image.fid")
    metric = torchmetrics.FrechetInceptionDistance(
        feature=2048, feature_extractor_weights_path=str(state_file)
    ).set_dtype(torch.float64)
    theirs: list[Tensor] = []
    metric.inception.register_forward_hook(lambda *call: theirs.append(call[-1]))
    ours = []
    for images, real in ((first, True), (second, False)):
        metric.update(images, real=real)
        resized = F.interpolate(
            images.float(), size=(299, 299), mode="bilinear", align_corners=False, antialias=True
        )
        ours.append(extractor._network((resized - 128) / 128))
        assert relative(ours[-1], theirs[-1]) < FEATURE_TOLERANCE
    basis = torch.from_numpy(span_of(*(features.numpy() for features in theirs)))
    for kind in ("real", "fake"):
        total, products = f"{kind}_features_sum", f"{kind}_features_cov_sum"
        setattr(metric, total, getattr(metric, total) @ basis)
        setattr(metric, products, basis.T @ getattr(metric, products) @ basis)
    assert frechet_distance(*ours) == pytest.approx(float(metric.compute()), rel=DISTANCE_TOLERANCE)
