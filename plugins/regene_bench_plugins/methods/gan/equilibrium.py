"""BEGAN's loss: an autoencoder's errors, held in balance (Berthelot et al. 2017, section 3.4)."""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench_plugins.methods.gan.losses import AdversarialLoss
from regene_bench_plugins.networks.heads import Verdict


class Equilibrium(AdversarialLoss):
    """``L_D = L(x) − k L(G(z))``, ``L_G = L(G(z))``, ``k ← clip(k + λ (γ L(x) − L(G(z))), 0, 1)``.

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

    def discriminator(self, real: Verdict, fake: Verdict, labels: Tensor) -> Tensor:
        """``L(x) − k L(G(z))``; moves k afterwards."""
        on_real, on_fake = real.scores.mean(), fake.scores.mean()
        # A copy: the backward pass comes after k has moved.
        loss = on_real - self.k.clone() * on_fake
        with torch.no_grad():
            self.k.add_(self.gain * (self.gamma * on_real - on_fake)).clamp_(0, 1)
        return loss

    def generator(self, fake: Verdict, labels: Tensor) -> Tensor:
        """``L(G(z))``."""
        return fake.scores.mean()
