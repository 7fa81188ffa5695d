"""Codes of a training split, computed once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench.api import DeviceImages, Runtime
from regene_bench_plugins.methods.common.inference import CHUNK
from regene_bench_plugins.methods.vae.network import Autoencoding
from regene_bench_plugins.methods.vae.posterior import Posterior


@dataclass(frozen=True)
class DrawnCodes(DeviceImages):
    """Posteriors of images, in the place of the images: every batch is a new draw.

    Attributes:
        images: Means and standard deviations side by side, float32 ``[N, 2 D]``.
        labels: int64 ``[N]``.
    """

    def batch(self, indices: Tensor) -> Tensor:
        """Draw one code for each index, float32 ``[n, D]``."""
        mean, deviation = self.images[indices].chunk(2, dim=1)
        return mean + torch.randn_like(mean) * deviation


@torch.inference_mode()
def posterior_of(network: Autoencoding, split: DeviceImages, runtime: Runtime) -> Posterior:
    """What an encoder says of every image of a split; rows in its order.

    Raises:
        Interrupted: A stop was asked for.
    """
    means, log_variances = [], []
    for images, labels in split.chunks(CHUNK):
        runtime.stop.check()
        with runtime.autocast():
            found = network.posterior(images, labels)
        means.append(found.mean)
        if found.log_variance is not None:
            log_variances.append(found.log_variance)
    log_variance = torch.cat(log_variances) if log_variances else None
    return Posterior(torch.cat(means), log_variance)


def drawn_codes(posterior: Posterior, labels: Tensor) -> DrawnCodes:
    """Keep posteriors for drawing; deterministic codes have no deviation."""
    if posterior.log_variance is None:
        deviation = torch.zeros_like(posterior.mean)
    else:
        deviation = (0.5 * posterior.log_variance).exp()
    return DrawnCodes(torch.cat([posterior.mean, deviation], dim=1), labels)


def evenly(split: DeviceImages, most: int) -> DeviceImages:
    """At most about ``most`` images, spread evenly over a split."""
    step = max(1, -(-len(split) // most))
    return split.subset(torch.arange(0, len(split), step, device=split.device))
