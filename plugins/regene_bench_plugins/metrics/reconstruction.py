"""How well encoder and decoder give test images back."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from regene_bench.api import Column, Evaluation, Metric, Score, ssim_each

_CHUNK = 1024
_LEVELS = 255
_HARDLY = 0.01


class Reconstruction(Metric):
    """Mean errors of reconstructed test images, rounded to 8 bits as a saved picture would be.

    They are those of the classes that the protocol generates.

    * ``mae_test``: mean absolute error per pixel and channel, in units of [0, 1].
    * ``ssim_test``: structural similarity (Wang et al. 2004: Gaussian window of 11×11 pixels with
      sigma 1.5, windows inside the image only, channels apart), mean over images. Where a side is
      shorter the window is the largest of odd size that fits: 7×7 on 8 pixels.
    * ``psnr_test``: ``10 log10(1 / MSE)`` of each image, mean over images. An image that comes
      back without any error would be infinite; it counts as if one of its values were off by one
      level of 255, which is the highest value that an image with an error can have.

    The first one's note tells a collapse: reconstructions that are nearly the same for all images,
    with less than a hundredth of their variance, whatever the codes look like.

    All are means over independent images: their number makes them less noisy and nothing else.
    """

    requires = ("encode", "decode")
    columns = (
        Column("mae_test", "lower", summary="mean absolute error of test reconstructions"),
        Column("ssim_test", "higher", summary="structural similarity of test reconstructions"),
        Column("psnr_test", "higher", "dB", "peak signal-to-noise ratio of test reconstructions"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        original, reconstructed = evaluation.held_out.images, evaluation.reconstructed
        absolute, equal = 0, 0
        similarity, ratio = 0.0, 0.0
        for start in range(0, len(original), _CHUNK):
            a, b = original[start : start + _CHUNK], reconstructed[start : start + _CHUNK]
            difference = (a.int() - b.int()).flatten(1)
            absolute += int(difference.abs().sum())
            squares = difference.square().sum(dim=1)
            equal += int((squares == 0).sum())
            mean_square = squares.clamp(min=1).double() / (difference.shape[1] * _LEVELS**2)
            ratio += float(-10 * torch.log10(mean_square).sum())
            similarity += float(ssim_each(a, b).sum())
        n = len(original)
        collapse = _collapse(original, reconstructed)
        note = f"{equal} images came back without any error" if equal else ""
        for column, value, text in (
            ("mae_test", absolute / (original.numel() * _LEVELS), collapse),
            ("ssim_test", similarity / n, ""),
            ("psnr_test", ratio / n, note),
        ):
            yield Score(column, value, n_real=n, n_generated=n, reference_split="test", note=text)


def _collapse(original: Tensor, reconstructed: Tensor) -> str:
    images, returned = _variance(original), _variance(reconstructed)
    if returned >= _HARDLY * images:
        return ""
    return f"collapse: reconstructions have {returned / images:.1%} of the images' variance"


def _variance(images: Tensor) -> float:
    """Variance over uint8 images ``[N, C, H, W]``, mean over values, in levels squared."""
    sums = torch.zeros(images.shape[1:], dtype=torch.float64, device=images.device)
    squares = torch.zeros_like(sums)
    for part in torch.split(images, _CHUNK):
        values = part.double()
        sums += values.sum(0)
        squares += values.square().sum(0)
    n = len(images)
    return float((squares / n - (sums / n).square()).clamp(min=0).mean())
