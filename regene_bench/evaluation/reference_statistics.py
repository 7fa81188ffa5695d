"""Mean and covariance of a reference's features, computed elsewhere or before.

They are all that a Fréchet distance needs of real images. Programs exchange them in files of
``mu`` and ``sigma``; such a file says nothing of the network, and often nothing of the number of
images, so what can be checked is checked here: the arrays by themselves, and, where the file tells
how it was made, the extractor that is to be compared with it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from regene_bench.base.errors import DataError
from regene_bench.base.hashing import canonical_json
from regene_bench.evaluation.extractor import ExtractorCard
from regene_bench.evaluation.frechet import Gaussian

# Of the largest entry, or eigenvalue: what sums in float32 leave of a covariance's properties.
_ASYMMETRY = 1e-4
_NEGATIVE = 1e-4
_HASH_SHOWN = 12


class StatisticsOrigin(BaseModel):
    """How statistics were made, as far as ``regene-bench stats`` has written it beside them.

    Attributes:
        extractor: Name of the extractor.
        weights_sha256, preprocess_id, dtype: From its card.
        n: Number of images.
        image_shape: Channels, height and width of the images.
        benchmark: Name of the protocol whose real images they are of.
        protocol_version: Its version.
        preset: The preset that chose the images.
        split: Their split.
        dataset_fingerprint: The data set's.
    """

    model_config = ConfigDict(frozen=True)

    extractor: str
    weights_sha256: str
    preprocess_id: str
    dtype: str
    n: int = Field(ge=2)
    image_shape: tuple[int, int, int]
    benchmark: str
    protocol_version: int
    preset: str
    split: str
    dataset_fingerprint: str


@dataclass(frozen=True)
class ReferenceStatistics:
    """A Gaussian that generated images are compared with in place of real images.

    Made by ``checked``.

    Attributes:
        mean: float64 ``[D]``.
        covariance: float64 ``[D, D]``, symmetric.
        name: What it is called where people read it: a file's name, or a published set's.
        origin: How it was made, where that is known.
    """

    mean: Tensor
    covariance: Tensor
    name: str
    origin: StatisticsOrigin | None = None

    @classmethod
    def checked(
        cls, mu: np.ndarray, sigma: np.ndarray, name: str, origin: StatisticsOrigin | None = None
    ) -> ReferenceStatistics:
        """Take statistics as another program has written them.

        Args:
            mu: ``[D]`` of any float type.
            sigma: ``[D, D]`` of any float type, with the divisor N - 1.
            name: Names them in errors.
            origin: How they were made, where that is known.

        Raises:
            DataError: Shapes that do not fit, values that are not finite, or a ``sigma`` that is
                no covariance: not symmetric, or with negative variances.
        """
        if mu.ndim != 1 or not len(mu) or sigma.shape != (len(mu), len(mu)):
            raise DataError(
                f"{name}: mu has the shape {list(mu.shape)} and sigma {list(sigma.shape)}; "
                "expected [D] and [D, D].",
                hint="mu is the mean of all feature vectors, numpy.mean(features, axis=0), and "
                "sigma their covariance, numpy.cov(features, rowvar=False).",
            )
        for array, what in ((mu, "mu"), (sigma, "sigma")):
            if array.dtype.kind != "f":
                raise DataError(
                    f"{name}: {what} has values of type {array.dtype}; expected floats.",
                    hint="Write it as float64.",
                )
            bad = int((~np.isfinite(array)).sum())
            if bad:
                raise DataError(
                    f"{name}: {what} has {bad} values that are not finite.",
                    hint="Make the statistics again, of images whose features are all finite.",
                )
        mean, covariance = (torch.from_numpy(np.array(a, dtype=np.float64)) for a in (mu, sigma))
        _check_covariance(covariance, name)
        return cls(mean, (covariance + covariance.T) / 2, name, origin)

    @property
    def dimension(self) -> int:
        """D."""
        return len(self.mean)

    @property
    def n(self) -> int | None:
        """Number of images that they are of, where that is known."""
        return self.origin.n if self.origin else None

    @cached_property
    def sha256(self) -> str:
        """SHA-256 (hex) of mean and covariance as float64, wherever and however they lay."""
        digest = hashlib.sha256(canonical_json({"dimension": self.dimension}).encode() + b"\n")
        for values in (self.mean, self.covariance):
            digest.update(np.ascontiguousarray(values.numpy(), dtype="<f8").data)
        return digest.hexdigest()

    @property
    def short_hash(self) -> str:
        """The beginning of ``sha256``, which names a leaderboard of its own."""
        return self.sha256[:_HASH_SHOWN]

    def gaussian(self, device: torch.device) -> Gaussian:
        """The Gaussian, factored, on a device."""
        return Gaussian.of_covariance(self.mean.to(device), self.covariance.to(device))

    def check_extractor(self, name: str) -> None:
        """Refuse an extractor that is known to be another one than theirs, by its name.

        Raises:
            DataError: They say that they were made with another.
        """
        if self.origin is not None and self.origin.extractor != name:
            raise DataError(
                f"{self.name} holds statistics of the extractor {self.origin.extractor!r}, not of "
                f"{name!r}.",
                hint=f"Score with --extractor {self.origin.extractor}.",
            )

    def check_card(self, card: ExtractorCard) -> None:
        """Refuse an extractor whose features cannot be, or are known not to be, of their kind.

        Raises:
            DataError: It gives another number of features, or they say that they were made with
                other weights, preprocessing or arithmetic.
        """
        self.check_extractor(card.id)
        if card.feature_dim != self.dimension:
            raise DataError(
                f"{self.name} holds statistics of {self.dimension} features; {card.id} gives "
                f"{card.feature_dim}.",
                hint="Name the extractor that they were made with, or take statistics that were "
                f"made with {card.id}.",
            )
        if self.origin is None:
            return
        for key in ("weights_sha256", "preprocess_id", "dtype"):
            theirs, ours = getattr(self.origin, key), getattr(card, key)
            if theirs != ours:
                raise DataError(
                    f"{self.name} was made with another {card.id}: its {key} is {theirs}, that of "
                    f"the one here {ours}.",
                    hint="Make the statistics again with `regene-bench stats`.",
                )


def _check_covariance(covariance: Tensor, name: str) -> None:
    hint = "sigma is numpy.cov(features, rowvar=False) of all feature vectors."
    off = float((covariance - covariance.T).abs().max())
    if off > _ASYMMETRY * float(covariance.abs().max()):
        raise DataError(
            f"{name}: sigma is no covariance: it is not symmetric (by up to {off:.3g}).", hint=hint
        )
    # nearly all are positive definite, which Cholesky finds in a tenth of the time
    if int(torch.linalg.cholesky_ex(covariance)[1]) == 0:
        return
    values = torch.linalg.eigvalsh((covariance + covariance.T) / 2)
    lowest, largest = float(values[0]), float(values[-1])
    if lowest < -_NEGATIVE * max(largest, 0.0):
        raise DataError(
            f"{name}: sigma is no covariance: it has the eigenvalue {lowest:.3g}, and no variance "
            "is below zero.",
            hint=hint,
        )
