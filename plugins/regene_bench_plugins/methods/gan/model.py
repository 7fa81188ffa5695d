"""A trained generator as a benchmark sees it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from regene_bench.api import Generation, SampleRng
from regene_bench_plugins.methods.common.inference import in_padded_chunks
from regene_bench_plugins.methods.gan.noise import Noise


class GANModel:
    """A trained generator and its noise, which comes from the benchmark's sampling streams.

    Args:
        generator: Maps noise and labels to images, in evaluation mode.
        noise: Its noise.
        conditional: False if the generator does not look at labels.
    """

    def __init__(self, generator: nn.Module, noise: Noise, conditional: bool) -> None:
        self._generator = generator
        self._noise = noise
        self._conditional = conditional

    @property
    def noise_dim(self) -> int:
        """Length of the noise."""
        return self._noise.dim

    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Draw noise and map it to one image for each label, int64 ``[N]``.

        The noise goes along as latents unless its length is 0.
        """
        noise = self._noise.sample(len(labels), rng).to(labels.device)
        images = self.from_noise(noise, labels)
        return Generation(images, noise if self._noise.dim else None, labelled=self._conditional)

    @torch.inference_mode()
    def from_noise(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Map given noise ``[N, noise_dim]`` and labels ``[N]`` to images ``[N, C, H, W]``."""
        # The label travels as a last column, which is exact below 2^24 classes.
        inputs = torch.cat([noise, labels.unsqueeze(1).to(noise.dtype)], dim=1)
        return in_padded_chunks(self._of_rows, inputs)

    def _of_rows(self, rows: Tensor) -> Tensor:
        images: Tensor = self._generator(rows[:, :-1], rows[:, -1].long())
        return images
