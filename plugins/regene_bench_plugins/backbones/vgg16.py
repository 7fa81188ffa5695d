"""VGG-16 (Simonyan & Zisserman 2015, configuration D) with torchvision's published weights.

The extractor ``vgg16`` takes its convolutions, ReGene's perceptual loss the first of them.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from torch import Tensor, nn

from regene_bench.api import UnavailableError, WeightsFile

FEATURES = 512
# What its publisher trained it with, of RGB in [0, 1].
_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)

VGG16_2016 = WeightsFile(
    name="vgg16",
    filename="vgg16-397923af.pth",
    url="https://download.pytorch.org/models/vgg16-397923af.pth",
    sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    size=553_433_881,
)


def load_convolutions(path: Path) -> nn.Sequential:
    """The thirteen convolutions with their activations and pools, in evaluation mode, on the CPU.

    Args:
        path: The file of ``VGG16_2016``, whose SHA-256 has been checked.

    Raises:
        UnavailableError: The file has other tensors.
    """
    from torchvision.models import vgg16

    with torch.device("meta"):
        layers: nn.Sequential = vgg16().features
    try:
        # the published file is of the form before zip, which cannot be mapped into memory
        state: dict[str, Tensor] = torch.load(path, weights_only=True, map_location="cpu")
        own = {
            name.removeprefix("features."): value.float().clone()
            for name, value in state.items()
            if name.startswith("features.")
        }
        layers.load_state_dict(own, assign=True)
    except (RuntimeError, pickle.UnpicklingError) as error:
        raise UnavailableError(
            f"{path} is not VGG-16: {error}", hint="Remove it, and add the published file."
        ) from error
    return layers.eval().requires_grad_(False)


def standardised(images: Tensor) -> Tensor:
    """RGB images ``[N, 3, H, W]`` in [0, 1] as the network was trained with them."""
    mean, deviation = (images.new_tensor(values)[:, None, None] for values in (_MEAN, _DEVIATION))
    return (images - mean) / deviation
