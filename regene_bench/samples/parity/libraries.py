"""What other libraries compute from two sets of features; each is asked by its own functions."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from scipy import linalg
from torch import Tensor

Numbers = dict[str, float]
_NEIGHBOURS = 5
_SUBSETS, _SUBSET_SIZE = 100, 1000
_SPLITS = 10


@dataclass(frozen=True)
class Sides:
    """What is compared.

    Attributes:
        real: Features of real images, float64 ``[M, D]`` on the CPU.
        generated: Those of generated ones, ``[N, D]``.
        logits: Of the generated images, ``[N, K]``, where the extractor has them.
        splits: Into how many an inception score is to be split.
    """

    real: Tensor
    generated: Tensor
    logits: Tensor | None = None
    splits: int = _SPLITS


@dataclass(frozen=True)
class Library:
    """Another library.

    Attributes:
        name: What it is called, and installed by.
        module: What of it is imported.
        kinds: What it computes: ``fd``, ``kid``, ``inception_score``, ``precision``, ``recall``,
            ``density``, ``coverage``.
        compute: The wanted ones of these, from features.
    """

    name: str
    module: str
    kinds: frozenset[str]
    compute: Callable[[Sides, frozenset[str]], Numbers]

    @property
    def installed(self) -> bool:
        """Whether it is there; it is not imported for it."""
        return importlib.util.find_spec(self.module.partition(".")[0]) is not None

    @property
    def title(self) -> str:
        """Its name and version."""
        return f"{self.name} {version(self.name)}"


def clean_fid(sides: Sides, wanted: frozenset[str]) -> Numbers:
    """The Fréchet distance of clean-fid (Parmar et al. 2022)."""
    module = importlib.import_module("cleanfid.fid")
    with _working_sqrtm(module):
        value = module.frechet_distance(*_moments(sides.real), *_moments(sides.generated))
    return {"fd": float(value)}


def pytorch_fid(sides: Sides, wanted: frozenset[str]) -> Numbers:
    """The Fréchet distance of pytorch-fid."""
    module = importlib.import_module("pytorch_fid.fid_score")
    both = (*_moments(sides.real), *_moments(sides.generated))
    with _working_sqrtm(module):
        return {"fd": float(module.calculate_frechet_distance(*both))}


def torchmetrics(sides: Sides, wanted: frozenset[str]) -> Numbers:
    """The Fréchet distance of torchmetrics, whose network is replaced by one that does nothing."""
    module = importlib.import_module("torchmetrics.image.fid")
    nothing = _Nothing(sides.real.shape[1])
    metric = module.FrechetInceptionDistance(feature=nothing).set_dtype(torch.float64)
    metric.update(sides.real, real=True)
    metric.update(sides.generated, real=False)
    return {"fd": float(metric.compute())}


def torch_fidelity(sides: Sides, wanted: frozenset[str]) -> Numbers:
    """Fréchet distance, KID and inception score of torch-fidelity."""
    found: Numbers = {}
    if "fd" in wanted:
        module = importlib.import_module("torch_fidelity.metric_fid")
        both = [module.fid_features_to_statistics(side) for side in (sides.generated, sides.real)]
        value = module.fid_statistics_to_metric(*both, verbose=False)
        found["fd"] = float(value["frechet_inception_distance"])
    if "kid" in wanted:
        module = importlib.import_module("torch_fidelity.metric_kid")
        size = min(_SUBSET_SIZE, len(sides.real), len(sides.generated))
        value = module.kid_features_to_metric(
            sides.generated,
            sides.real,
            kid_subsets=_SUBSETS,
            kid_subset_size=size,
            verbose=False,
        )
        found["kid"] = float(value["kernel_inception_distance_mean"])
    if "inception_score" in wanted and sides.logits is not None:
        module = importlib.import_module("torch_fidelity.metric_isc")
        value = module.isc_features_to_metric(sides.logits, splits=sides.splits)
        found["inception_score"] = float(value["inception_score_mean"])
    return found


def prdc(sides: Sides, wanted: frozenset[str]) -> Numbers:
    """Precision, recall, density and coverage of prdc (Naeem et al. 2020)."""
    module = importlib.import_module("prdc.prdc")
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it is given
        found = module.compute_prdc(sides.real.numpy(), sides.generated.numpy(), _NEIGHBOURS)
    return {name: float(value) for name, value in found.items()}


class _Nothing(torch.nn.Module):
    """A network of which torchmetrics asks only how many features it has."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        return features


_FD = frozenset({"fd"})
LIBRARIES = (
    Library("clean-fid", "cleanfid", _FD, clean_fid),
    Library("pytorch-fid", "pytorch_fid", _FD, pytorch_fid),
    Library(
        "torch-fidelity",
        "torch_fidelity",
        frozenset({"fd", "kid", "inception_score"}),
        torch_fidelity,
    ),
    Library("torchmetrics", "torchmetrics", _FD, torchmetrics),
    Library("prdc", "prdc", frozenset({"precision", "recall", "density", "coverage"}), prdc),
)


def _moments(features: Tensor) -> tuple[np.ndarray, np.ndarray]:
    values = features.numpy()
    return values.mean(axis=0), np.cov(values, rowvar=False)


@contextlib.contextmanager
def _working_sqrtm(module: ModuleType) -> Iterator[None]:
    """Let a module call ``sqrtm(..., disp=False)``, which SciPy 1.18 has removed and 1.17 warns of.

    clean-fid and pytorch-fid expect the pair of root and error estimate that it used to return.
    """
    theirs: Any = module.linalg

    def sqrtm(matrix: np.ndarray, disp: bool = True) -> Any:
        with warnings.catch_warnings():
            # of a singular product, to which both libraries then add something
            warnings.simplefilter("ignore", linalg.LinAlgWarning)
            root = theirs.sqrtm(matrix)
        return root if disp else (root, 0.0)

    try:
        module.linalg = SimpleNamespace(sqrtm=sqrtm)  # type: ignore[attr-defined]
        yield
    finally:
        module.linalg = theirs  # type: ignore[attr-defined]


def missing(libraries: tuple[Library, ...] = LIBRARIES) -> Mapping[str, Library]:
    """Those that are not installed, by name."""
    return {library.name: library for library in libraries if not library.installed}
