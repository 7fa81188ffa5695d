"""Maximum mean discrepancy under a Gaussian kernel, on the features of any extractor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import normalize

from regene_bench.api import (
    Column,
    Evaluation,
    MethodError,
    Score,
    gaussian_mmd,
    median_distance,
)
from regene_bench_plugins.metrics.feature_metric import FeatureMetric, Sides

# Jayasumana et al. 2024, for features of unit length
_CMMD_BANDWIDTH = 10.0
_SCALE = 1000.0


class GaussianMmd(FeatureMetric):
    """Squared discrepancy under a Gaussian kernel, × 1000: zero only for equal distributions.

    Unlike the Fréchet distance it assumes no Gaussian of features. On a CLIP network of timm
    (``extractor=timm:vit_base_patch16_clip_224.openai``) features have unit length and the kernel
    the bandwidth 10, as CMMD has them (Jayasumana et al. 2024); these are the network's pooled
    features, where CMMD takes the larger network's projection. On other extractors the bandwidth
    is the median distance between real images. The note says which. Each image is compared with
    itself, too, as published: larger for fewer images.
    """

    columns = (Column("mmd", "lower", summary="Gaussian-kernel discrepancy, × 1000"),)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        sides = Sides.of(evaluation, self.config.extractor, self.reference)

        def median() -> float:
            return evaluation.of_reference(
                "median distance", self.config.extractor, self.reference, median_distance
            )

        kernel = kernel_for(self.config.extractor, sides.real, sides.generated, median)
        value = gaussian_mmd(
            kernel.real,
            kernel.generated,
            kernel.bandwidth,
            between=evaluation.runtime.stop.check,
        )
        yield sides.score("mmd", _SCALE * value, note=kernel.note)


@dataclass(frozen=True)
class Kernel:
    """What a kernel compares, and how wide it is.

    Attributes:
        real: ``[N, D]``.
        generated: ``[M, D]``.
        bandwidth: σ, in units of these features.
        note: Says so.
    """

    real: Tensor
    generated: Tensor
    bandwidth: float
    note: str


def kernel_for(
    extractor: str, real: Tensor, generated: Tensor, median: Callable[[], float]
) -> Kernel:
    """Choose the published kernel for CLIP networks, and one as wide as the data elsewhere.

    Args:
        extractor: Name of the extractor.
        real: Its features of real images, ``[N, D]``.
        generated: Those of generated images, ``[M, D]``.
        median: Gives the median distance between real images, if it is needed.
    """
    if extractor.startswith("timm:") and "clip" in extractor:
        note = f"bandwidth {_CMMD_BANDWIDTH:g}, features of unit length"
        return Kernel(normalize(real), normalize(generated), _CMMD_BANDWIDTH, note)
    bandwidth = median()
    if bandwidth == 0:
        raise MethodError(
            "Half of the pairs of real images have the same features, so that no kernel is as wide "
            "as they are apart.",
            hint="Give more different images, or another extractor.",
        )
    note = f"bandwidth {bandwidth:.6g}, the median distance of real images"
    return Kernel(real, generated, bandwidth, note)
