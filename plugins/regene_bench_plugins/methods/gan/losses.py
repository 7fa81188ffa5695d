"""What discriminator and generator minimise, as functions of the discriminator's output.

An ``AdversarialLoss`` is a pair of losses, one for each network; all are means over the batch.
``AuxiliaryClassLoss`` adds the terms of a classifying head to any of them. A ``Penalty`` is a
further term of the discriminator's loss that looks at the discriminator itself.

``real`` and ``fake`` are the discriminator's output for real and for generated images.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import MethodError
from regene_bench_plugins.networks.heads import DiscriminatorOutput

# How many times as long as [0, 1] the range of pixels [−1, 1] is.
_RANGES = 2

Critic = Callable[[Tensor, Tensor], DiscriminatorOutput]
Penalty = Callable[[Critic, Tensor, Tensor, Tensor], Tensor]


class AdversarialLoss(nn.Module, ABC):
    """A pair of losses; a module, so that a loss with a state of its own is in checkpoints.

    Attributes:
        limit: Training ends as diverged when a loss is larger than this. No working training comes
            near it, and float32 overflows far above it: batch norm and saturated sigmoids can keep
            the losses of a broken training finite for ever.
    """

    limit: float = 1e5

    @abstractmethod
    def discriminator(
        self, real: DiscriminatorOutput, fake: DiscriminatorOutput, labels: Tensor
    ) -> Tensor:
        """What the discriminator minimises, a scalar.

        Args:
            real: Output for N real images.
            fake: Output for N generated ones.
            labels: int64 ``[N]``, of both.
        """

    @abstractmethod
    def generator(self, fake: DiscriminatorOutput, labels: Tensor) -> Tensor:
        """What the generator minimises, a scalar."""


class NonSaturating(AdversarialLoss):
    """Scores are logits of "real"; the generator maximises log D (Goodfellow et al. 2014, § 3).

    A loss of 1000 says of an average image that it is real, or generated, with probability e⁻¹⁰⁰⁰.
    """

    limit = 1e3

    def discriminator(
        self, real: DiscriminatorOutput, fake: DiscriminatorOutput, labels: Tensor
    ) -> Tensor:
        """``−log σ(real) − log(1 − σ(fake))``."""
        return F.softplus(-real.scores).mean() + F.softplus(fake.scores).mean()

    def generator(self, fake: DiscriminatorOutput, labels: Tensor) -> Tensor:
        """``−log σ(fake)``."""
        return F.softplus(-fake.scores).mean()


class Minimax(NonSaturating):
    """The objective as it is written (Goodfellow et al. 2014, equation 1): one value, two signs."""

    def generator(self, fake: DiscriminatorOutput, labels: Tensor) -> Tensor:
        """``log(1 − σ(fake))``."""
        return -F.softplus(fake.scores).mean()


class LeastSquares(AdversarialLoss):
    """Real images are to score 1, generated ones 0 (Mao et al. 2017, equation 9)."""

    def discriminator(
        self, real: DiscriminatorOutput, fake: DiscriminatorOutput, labels: Tensor
    ) -> Tensor:
        """``½ (real − 1)² + ½ fake²``."""
        return 0.5 * ((real.scores - 1).square().mean() + fake.scores.square().mean())

    def generator(self, fake: DiscriminatorOutput, labels: Tensor) -> Tensor:
        """``½ (fake − 1)²``."""
        return 0.5 * (fake.scores - 1).square().mean()


class Hinge(AdversarialLoss):
    """Scores count up to a margin of 1 (Miyato et al. 2018, equations 16 and 17)."""

    def discriminator(
        self, real: DiscriminatorOutput, fake: DiscriminatorOutput, labels: Tensor
    ) -> Tensor:
        """``max(0, 1 − real) + max(0, 1 + fake)``."""
        return F.relu(1 - real.scores).mean() + F.relu(1 + fake.scores).mean()

    def generator(self, fake: DiscriminatorOutput, labels: Tensor) -> Tensor:
        """``−fake``."""
        return -fake.scores.mean()


class Wasserstein(AdversarialLoss):
    """The critic's gap between both sides (Arjovsky et al. 2017); it needs a Lipschitz critic."""

    def discriminator(
        self, real: DiscriminatorOutput, fake: DiscriminatorOutput, labels: Tensor
    ) -> Tensor:
        """``fake − real``."""
        return fake.scores.mean() - real.scores.mean()

    def generator(self, fake: DiscriminatorOutput, labels: Tensor) -> Tensor:
        """``−fake``."""
        return -fake.scores.mean()


class BoundaryEquilibrium(AdversarialLoss):
    """BEGAN's loss: an autoencoder's errors held in balance (Berthelot et al. 2017, section 3.4).

    ``L_D = L(x) − k L(G(z))``, ``L_G = L(G(z))``, ``k ← clip(k + λ (γ L(x) − L(G(z))), 0, 1)``.

    Scores are reconstruction errors L.

    Args:
        gamma: γ, the diversity ratio E[L(G(z))] / E[L(x)] that is aimed at.
        gain: λ, how fast k follows.
        balance: k in the beginning.
    """

    # Errors of images in [0, 1] are below 1; only a term that is added to them can go astray.
    limit = 1e2

    def __init__(self, gamma: float, gain: float, balance: float = 0.0) -> None:
        super().__init__()
        self.gamma = gamma
        self.gain = gain
        self.k: Tensor
        self.register_buffer("k", torch.tensor(balance))

    def discriminator(
        self, real: DiscriminatorOutput, fake: DiscriminatorOutput, labels: Tensor
    ) -> Tensor:
        """``L(x) − k L(G(z))``; moves k afterwards."""
        on_real, on_fake = real.scores.mean(), fake.scores.mean()
        # A copy: the backward pass comes after k has moved.
        loss = on_real - self.k.clone() * on_fake
        with torch.no_grad():
            self.k.add_(self.gain * (self.gamma * on_real - on_fake)).clamp_(0, 1)
        return loss

    def generator(self, fake: DiscriminatorOutput, labels: Tensor) -> Tensor:
        """``L(G(z))``."""
        return fake.scores.mean()


class AuxiliaryClassLoss(AdversarialLoss):
    """Adds the terms of an auxiliary classifying head to any loss (Odena et al. 2017).

    These are cross-entropies: of real images for the discriminator, of generated ones for the
    generator.

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

    def discriminator(
        self, real: DiscriminatorOutput, fake: DiscriminatorOutput, labels: Tensor
    ) -> Tensor:
        """The adversarial term and the weighted cross-entropy of real images."""
        adversarial = self.loss.discriminator(real, fake, labels)
        return adversarial + self.discriminator_weight * _cross_entropy(real, labels)

    def generator(self, fake: DiscriminatorOutput, labels: Tensor) -> Tensor:
        """The adversarial term and the weighted cross-entropy of generated images."""
        adversarial = self.loss.generator(fake, labels)
        return adversarial + self.generator_weight * _cross_entropy(fake, labels)


def _cross_entropy(output: DiscriminatorOutput, labels: Tensor) -> Tensor:
    if output.class_logits is None:
        raise MethodError(
            "The discriminator has no class logits.", hint="Give it an auxiliary head."
        )
    return F.cross_entropy(output.class_logits, labels)


def no_penalty(critic: Critic, real: Tensor, fake: Tensor, labels: Tensor) -> Tensor:
    """The penalty of losses without one: 0, as a scalar on the images' device."""
    return real.new_zeros(())


def gradient_penalty(weight: float) -> Penalty:
    """``weight · E[(‖∇ critic(x̂)‖ − 1)²]`` (Gulrajani et al. 2017, equation 3).

    x̂ lies at a uniformly drawn place between a real and a generated image of the same label. The
    gradient is with respect to pixels in [−1, 1], the range it was published for: images here are
    in [0, 1], where the same critic has twice the slope, and a limit of 1 would be half of theirs.
    Everything is computed in float32 even under autocast: squares of gradients overflow and
    underflow in shorter types.

    Args:
        weight: λ, 10 in the paper.

    Returns:
        A function of the critic, real and generated images ``[N, C, H, W]`` and their labels
        ``[N]``; it gives a scalar that can be differentiated once more.
    """

    def penalty(critic: Critic, real: Tensor, fake: Tensor, labels: Tensor) -> Tensor:
        place = torch.rand(len(real), 1, 1, 1, device=real.device)
        with torch.autocast(real.device.type, enabled=False):
            between = torch.lerp(real.float(), fake.float(), place).requires_grad_(True)
            scores = critic(between, labels).scores
            (gradients,) = torch.autograd.grad(scores.sum(), between, create_graph=True)
            lengths = torch.linalg.vector_norm(gradients.flatten(1), dim=1) / _RANGES
            distance: Tensor = (lengths - 1).square().mean()
            return weight * distance

    return penalty
