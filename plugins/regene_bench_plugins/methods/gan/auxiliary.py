"""The classification term of an auxiliary head (Odena et al. 2017), added to any loss."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from regene_bench.api import MethodError
from regene_bench_plugins.methods.gan.losses import AdversarialLoss
from regene_bench_plugins.networks.heads import Verdict


class WithClasses(AdversarialLoss):
    """Adds cross-entropies: of real images for the discriminator, of generated for the generator.

    The discriminator is not asked to name generated images, as in the program of Gulrajani et al.
    2017; its weights there are 1 and 0.1.

    Args:
        loss: The adversarial loss.
        discriminator_weight: Of the class of real images.
        generator_weight: Of the class that was asked for.
    """

    def __init__(
        self, loss: AdversarialLoss, discriminator_weight: float, generator_weight: float
    ) -> None:
        super().__init__()
        self.loss = loss
        self.limit = loss.limit
        self.discriminator_weight = discriminator_weight
        self.generator_weight = generator_weight

    def discriminator(self, real: Verdict, fake: Verdict, labels: Tensor) -> Tensor:
        """The adversarial term and the weighted cross-entropy of real images."""
        adversarial = self.loss.discriminator(real, fake, labels)
        return adversarial + self.discriminator_weight * _cross_entropy(real, labels)

    def generator(self, fake: Verdict, labels: Tensor) -> Tensor:
        """The adversarial term and the weighted cross-entropy of generated images."""
        adversarial = self.loss.generator(fake, labels)
        return adversarial + self.generator_weight * _cross_entropy(fake, labels)


def _cross_entropy(verdict: Verdict, labels: Tensor) -> Tensor:
    if verdict.classes is None:
        raise MethodError(
            "The discriminator has no class logits.", hint="Give it an auxiliary head."
        )
    return F.cross_entropy(verdict.classes, labels)
