"""What discriminator and generator minimise, as functions of the discriminator's verdicts.

All are means over the batch. ``real`` and ``fake`` are the verdicts on real and generated images.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench_plugins.networks.heads import Verdict


class AdversarialLoss(nn.Module, ABC):
    """A pair of losses; a module, so that a loss with a state of its own is in checkpoints.

    Attributes:
        limit: A magnitude that no working game comes near, long before float32 overflows. Batch
            norm and shut sigmoids keep a broken game below infinity for ever.
    """

    limit: float = 1e5

    @abstractmethod
    def discriminator(self, real: Verdict, fake: Verdict, labels: Tensor) -> Tensor:
        """What the discriminator minimises, a scalar; ``labels`` int64 ``[N]`` are both sides'."""

    @abstractmethod
    def generator(self, fake: Verdict, labels: Tensor) -> Tensor:
        """What the generator minimises, a scalar."""


class NonSaturating(AdversarialLoss):
    """Scores are logits of "real"; the generator maximises log D (Goodfellow et al. 2014, § 3).

    A loss of 1000 says of an average image that it is real, or generated, with probability e⁻¹⁰⁰⁰.
    """

    limit = 1e3

    def discriminator(self, real: Verdict, fake: Verdict, labels: Tensor) -> Tensor:
        """``−log σ(real) − log(1 − σ(fake))``."""
        return F.softplus(-real.scores).mean() + F.softplus(fake.scores).mean()

    def generator(self, fake: Verdict, labels: Tensor) -> Tensor:
        """``−log σ(fake)``."""
        return F.softplus(-fake.scores).mean()


class Minimax(NonSaturating):
    """The game as it is written (Goodfellow et al. 2014, equation 1): one value, two signs."""

    def generator(self, fake: Verdict, labels: Tensor) -> Tensor:
        """``log(1 − σ(fake))``."""
        return -F.softplus(fake.scores).mean()


class LeastSquares(AdversarialLoss):
    """Real images are to score 1, generated ones 0 (Mao et al. 2017, equation 9)."""

    def discriminator(self, real: Verdict, fake: Verdict, labels: Tensor) -> Tensor:
        """``½ (real − 1)² + ½ fake²``."""
        return 0.5 * ((real.scores - 1).square().mean() + fake.scores.square().mean())

    def generator(self, fake: Verdict, labels: Tensor) -> Tensor:
        """``½ (fake − 1)²``."""
        return 0.5 * (fake.scores - 1).square().mean()


class Hinge(AdversarialLoss):
    """Scores count up to a margin of 1 (Miyato et al. 2018, equations 16 and 17)."""

    def discriminator(self, real: Verdict, fake: Verdict, labels: Tensor) -> Tensor:
        """``max(0, 1 − real) + max(0, 1 + fake)``."""
        return F.relu(1 - real.scores).mean() + F.relu(1 + fake.scores).mean()

    def generator(self, fake: Verdict, labels: Tensor) -> Tensor:
        """``−fake``."""
        return -fake.scores.mean()


class Wasserstein(AdversarialLoss):
    """The critic's gap between both sides (Arjovsky et al. 2017); it needs a Lipschitz critic."""

    def discriminator(self, real: Verdict, fake: Verdict, labels: Tensor) -> Tensor:
        """``fake − real``."""
        return fake.scores.mean() - real.scores.mean()

    def generator(self, fake: Verdict, labels: Tensor) -> Tensor:
        """``−fake``."""
        return -fake.scores.mean()
