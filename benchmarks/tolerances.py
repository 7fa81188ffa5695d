"""Prints how near our numbers are to each reference library's, as the table of docs/tolerances.md.

Both sides get the same images, features or logits, and the same network of random weights. Each
library is called under its own convention; where that is not ours, our part is put under theirs.

Usage: python benchmarks/tolerances.py > docs/tolerances.md
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from scipy import linalg
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from regene_bench.evaluation.frechet import frechet_distance
from regene_bench.evaluation.inception_score import inception_score
from regene_bench.evaluation.kid import kernel_distance
from regene_bench.evaluation.prdc import precision_recall_density_coverage
from tests.parity.features import inception_like

Distance = Callable[[Tensor, Tensor], float]
PICTURES = 8


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table; the difference is relative unless its unit says otherwise."""

    what: str
    library: str
    inputs: str
    difference: float
    unit: str = "relative"


def main() -> None:
    warnings.simplefilter("ignore")
    versions = ("clean-fid", "pytorch-fid", "torch-fidelity", "torchmetrics", "prdc")
    print("## How near our numbers are to other libraries'\n")
    print("<!-- printed by benchmarks/tolerances.py -->\n")
    print("Equal inputs on both sides, each library under its own convention. Versions:", end=" ")
    print(", ".join(f"{name} {version(name)}" for name in (*versions, "scipy", "torch")) + ".\n")
    print("| what | against | inputs | largest difference |\n|---|---|---|--:|")
    with torch.inference_mode():
        for make in (resizing, inception, frechet, kernels, scores, neighbours):
            for row in make():
                value = "0" if row.difference == 0 else f"{row.difference:.1e}"
                print(f"| {row.what} | {row.library} | {row.inputs} | {value} {row.unit} |")


def relative(found: float, expected: float) -> float:
    return abs(found - expected) / abs(expected)


def resizing() -> Iterator[Row]:
    from cleanfid.resize import make_resizer
    from regene_bench_plugins.extractors.preprocess import bicubic_square

    largest = 0.0
    resize = make_resizer("PIL", False, "bicubic", (299, 299))
    for side in (8, 28, 32, 64, 128, 400):
        images = noise(2, side)
        theirs = np.stack([resize(image.movedim(0, -1).numpy()) for image in images])
        difference = bicubic_square(images, 299) - torch.from_numpy(theirs).movedim(-1, 1)
        largest = max(largest, float(difference.abs().max()) / 255)
    yield Row("resizing to 299", "clean-fid", "noise of 8 to 400 pixels", largest, "of the range")


def inception() -> Iterator[Row]:
    from cleanfid.inception_torchscript import InceptionV3W
    from regene_bench_plugins.extractors.inception import Inception
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torch_fidelity.interpolate_compat_tensorflow import (
        interpolate_bilinear_2d_like_tensorflow1x,
    )

    from tests.extractors.random_inception import (
        fidelity_state,
        published_in_place_of,
        random_inception,
        save_script,
    )
    from tests.methods.builders import make_data, make_runtime

    images, network = noise(PICTURES, 32), random_inception()
    inputs = f"{PICTURES} images, random weights"
    with tempfile.TemporaryDirectory() as name:
        file = save_script(network, Path(name) / "weights")
        state = Path(name) / "weights-inception-2015-12-05.pth"
        torch.save(fidelity_state(network), state)
        with published_in_place_of(file):
            ours = Inception({})
            ours.prepare(make_data(), make_runtime(Path(name)))
        theirs = InceptionV3W(str(file.parent), download=False, resize_inside=False)
        from regene_bench_plugins.extractors.preprocess import bicubic_square

        expected = theirs(bicubic_square(images, 299))
        found = ours.extract(images).features
        yield Row("Inception features", "clean-fid", inputs, distance_of(found, expected))

        fidelity = FeatureExtractorInceptionV3(
            "random", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(state)
        )
        features, logits = fidelity(images)
        resized = interpolate_bilinear_2d_like_tensorflow1x(
            images.float(), size=(299, 299), align_corners=False
        )
        found = ours._network((resized - 128) / 128)
        yield Row("Inception features", "torch-fidelity", inputs, distance_of(found, features))
        found = torch.nn.functional.linear(found, ours._output)
        yield Row("Inception logits", "torch-fidelity", inputs, distance_of(found, logits))


def frechet() -> Iterator[Row]:
    first, second = inception_like(900, 128, 0), inception_like(700, 128, 1, shift=0.1)
    few, many = inception_like(60, 128, 2), inception_like(400, 128, 3, shift=0.1)
    for library, distance in distances().items():
        for inputs, a, b in (("full rank, D = 128", first, second), ("singular", few, many)):
            difference = relative(frechet_distance(a, b), distance(a, b))
            yield Row("Fréchet distance", library, inputs, difference)


def distances() -> dict[str, Distance]:
    """Each library's own Fréchet distance, from features of both sides."""
    from cleanfid import fid as clean
    from pytorch_fid import fid_score
    from torch_fidelity import metric_fid
    from torchmetrics.image import fid as metrics

    original = linalg.sqrtm

    def sqrtm(matrix: np.ndarray, disp: bool = True) -> object:
        # SciPy 1.18 took ``disp`` away, which clean-fid and pytorch-fid still pass.
        return original(matrix) if disp else (original(matrix), 0.0)

    clean.linalg = fid_score.linalg = SimpleNamespace(sqrtm=sqrtm)

    def numpy_statistics(features: Tensor) -> tuple[np.ndarray, np.ndarray]:
        values = features.double().numpy()
        return np.mean(values, axis=0), np.cov(values, rowvar=False)

    def by_clean_fid(a: Tensor, b: Tensor) -> float:
        return float(clean.frechet_distance(*numpy_statistics(a), *numpy_statistics(b)))

    def by_pytorch_fid(a: Tensor, b: Tensor) -> float:
        both = (*numpy_statistics(a), *numpy_statistics(b))
        return float(fid_score.calculate_frechet_distance(*both))

    def by_torch_fidelity(a: Tensor, b: Tensor) -> float:
        both = [metric_fid.fid_features_to_statistics(f.double()) for f in (a, b)]
        found = metric_fid.fid_statistics_to_metric(*both, False)
        return float(found["frechet_inception_distance"])

    def by_torchmetrics(a: Tensor, b: Tensor) -> float:
        both = [(f.double().mean(dim=0), f.double().T.cov()) for f in (a, b)]
        return float(metrics._compute_fid(*both[0], *both[1]))

    return {
        "clean-fid": by_clean_fid,
        "pytorch-fid": by_pytorch_fid,
        "torch-fidelity": by_torch_fidelity,
        "torchmetrics": by_torchmetrics,
    }


def kernels() -> Iterator[Row]:
    from torch_fidelity.metric_kid import kid_features_to_metric

    a, b = inception_like(1200, 256, 4), inception_like(1100, 256, 5, shift=0.02)
    for name, x, y in (("float64", a.double(), b.double()), ("float32", a, b)):
        theirs = kid_features_to_metric(x, y, kid_subsets=10, kid_subset_size=1000, verbose=False)
        found, _ = kernel_distance(x, y, subsets=10)
        difference = relative(found, theirs["kernel_inception_distance_mean"])
        yield Row("KID", "torch-fidelity", f"{name} features", difference)


def scores() -> Iterator[Row]:
    from torch_fidelity.metric_isc import isc_features_to_metric

    rng = np.random.default_rng(0)
    logits = torch.from_numpy(3 * rng.standard_normal((1000, 1008)))
    theirs = isc_features_to_metric(logits, splits=10)["inception_score_mean"]
    difference = relative(inception_score(logits, splits=10)[0], theirs)
    yield Row("Inception score", "torch-fidelity", "1000 × 1008 logits", difference)


def neighbours() -> Iterator[Row]:
    from prdc.prdc import compute_prdc

    real, generated = inception_like(1000, 512, 6), inception_like(1100, 512, 7, shift=0.02)
    with contextlib.redirect_stdout(sys.stderr):
        theirs = compute_prdc(real.numpy(), generated.numpy(), 5)
    ours = dataclasses.asdict(precision_recall_density_coverage(real, generated, k=5))
    largest = max(abs(ours[name] - float(value)) for name, value in theirs.items())
    what = "precision, recall, density, coverage"
    yield Row(what, "prdc", "1000 × 1100 features, k = 5", largest, "absolute")


def distance_of(found: Tensor, expected: Tensor) -> float:
    return float((found.double() - expected.double()).norm() / expected.double().norm())


def noise(n: int, side: int) -> Tensor:
    rng = np.random.default_rng(side)
    return torch.from_numpy(rng.integers(0, 256, (n, 3, side, side), dtype=np.uint8))


if __name__ == "__main__":
    main()
