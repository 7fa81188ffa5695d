"""The last layers of discriminators: from features to a score for each image, and its class."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from regene_bench_plugins.networks.conditional_norm import NormFactory


class DiscriminatorOutput(NamedTuple):
    """What a discriminator returns for N images.

    Attributes:
        scores: float32 ``[N]``. The loss decides what they mean: logits of "real", values that are
            to be 1 or 0, a critic's values, errors of reconstruction.
        class_logits: float32 ``[N, K]`` if there is an auxiliary head, else ``None``.
    """

    scores: Tensor
    class_logits: Tensor | None = None


class LinearHead(nn.Module):
    """One linear unit. Labels are not looked at.

    Args:
        size: Length F of the features.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.score = nn.Linear(size, 1)

    def forward(self, features: Tensor, labels: Tensor) -> DiscriminatorOutput:
        """Score features ``[N, F]``."""
        return DiscriminatorOutput(self.score(features).squeeze(1).float())


class DenseHead(nn.Module):
    """A hidden layer (linear, norm, LeakyReLU) and one linear unit.

    Args:
        size: Length F of the features.
        width: Units of the hidden layer.
        norm: Makes its normalisation.
        slope: Negative slope of its LeakyReLU.
    """

    def __init__(self, size: int, width: int, norm: NormFactory, slope: float = 0.2) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(size, width), norm(width), nn.LeakyReLU(slope))
        self.head = LinearHead(width)

    def forward(self, features: Tensor, labels: Tensor) -> DiscriminatorOutput:
        """Score features ``[N, F]``."""
        output: DiscriminatorOutput = self.head(self.layers(features), labels)
        return output


class ProjectionHead(nn.Module):
    """``ψ(φ) + ⟨v[label], φ⟩`` (Miyato & Koyama 2018).

    Args:
        size: Length F of the features φ.
        n_classes: K.
    """

    def __init__(self, size: int, n_classes: int) -> None:
        super().__init__()
        self.score = nn.Linear(size, 1)
        self.embedding = nn.Embedding(n_classes, size)

    def forward(self, features: Tensor, labels: Tensor) -> DiscriminatorOutput:
        """Score features ``[N, F]`` as those of images of the classes ``labels``, int64 ``[N]``."""
        projection = (self.embedding(labels).to(features.dtype) * features).sum(dim=1)
        return DiscriminatorOutput((self.score(features).squeeze(1) + projection).float())


class AuxiliaryHead(nn.Module):
    """A score, and the logits of a classifier on the same features (Odena et al. 2017).

    Args:
        size: Length F of the features.
        n_classes: K.
    """

    def __init__(self, size: int, n_classes: int) -> None:
        super().__init__()
        self.score = nn.Linear(size, 1)
        self.classes = nn.Linear(size, n_classes)

    def forward(self, features: Tensor, labels: Tensor) -> DiscriminatorOutput:
        """Score and classify features ``[N, F]``; labels are not looked at."""
        return DiscriminatorOutput(
            self.score(features).squeeze(1).float(), self.classes(features).float()
        )
