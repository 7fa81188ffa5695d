"""A trained diffusion or flow model as a benchmark sees it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from regene_bench.api import Generation, ImageShape, SampleRng
from regene_bench_plugins.methods.common.inference import padded
from regene_bench_plugins.methods.diffusion.objective import Objective, from_symmetric
from regene_bench_plugins.methods.diffusion.sampler import Sampler, guided

# A chunk is filled up, and asks the network some dozen times: a few images should not cost much.
# On a CPU, twice as many gain nothing; GPUs have not been tried.
_CHUNK = 64


class DiffusionModel:
    """A network that predicts, and a sampler; noise comes from the benchmark's sampling streams.

    Whatever it was trained in, it draws in float32: errors of one step are the next one's input.

    Args:
        network: Trained by the objective, in evaluation mode.
        objective: Says what it predicts.
        sampler: Asks for such predictions.
        shape: Images that are generated.
        guidance: As of ``sampler.guided``.
        conditional: False if the network was shown no labels.
    """

    def __init__(
        self,
        network: nn.Module,
        objective: Objective,
        sampler: Sampler,
        shape: ImageShape,
        *,
        guidance: float,
        conditional: bool,
    ) -> None:
        self._network = network
        self._objective = objective
        self._sampler = sampler
        self._shape = shape
        self._guidance = guidance
        self._conditional = conditional

    @torch.inference_mode()
    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Draw one image for each label, int64 ``[N]``, N at least 1.

        Noise is drawn as it is needed, chunk by chunk: with churn every step takes some.
        """
        parts = [
            self._chunk(labels[start : start + _CHUNK], rng.at(rng.start + start))
            for start in range(0, len(labels), _CHUNK)
        ]
        return Generation(torch.cat(parts), labelled=self._conditional)

    def _chunk(self, labels: Tensor, rng: SampleRng) -> Tensor:
        """Images ``[N, C, H, W]`` for up to 64 labels.

        Always of 64 rows, the last one repeated, so that a sample's bits do not depend on
        how many are asked for together.
        """
        n, shape = len(labels), self._shape
        wanted = labels if self._conditional else torch.full_like(labels, shape.n_classes)

        def noise(stream: str) -> Tensor:
            drawn = rng.normal(n, (shape.channels, shape.height, shape.width), stream)
            return padded(drawn, _CHUNK).to(labels.device)

        def predict(noisy: Tensor, level: float, classes: Tensor) -> Tensor:
            levels = noisy.new_full((len(noisy),), level)
            return self._objective.predict(self._network, noisy, levels, classes)

        told = guided(predict, padded(wanted, _CHUNK), shape.n_classes, self._guidance)
        return from_symmetric(self._sampler.draw(told, noise)[:n])
