"""The network through which a decoder's images are compared with the originals.

The perceptual loss of Johnson et al. (2016) in the form that the ReGene paper uses: the difference
of the feature maps of a trained network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import ConfigError, find_weights, mae
from regene_bench_plugins.backbones import efficientnet_lite0, inception, vgg16
from regene_bench_plugins.networks.latent_classifier import LatentEncoder

PerceptualName = Literal["efficientnet_lite0", "inception", "vgg16", "classifier"]
_KERNEL = 3


class Perceptual(Protocol):
    """Gives the feature maps that a perceptual loss compares."""

    def maps(self, images: Tensor) -> list[Tensor]:
        """Feature maps of images ``[N, C, H, W]`` in [0, 1]."""
        ...

    def targets(self, images: Tensor, encoded: list[Tensor]) -> list[Tensor]:
        """Feature maps of original images, whose maps in the encoder are known already."""
        ...


class ClassifierMaps:
    """Feature maps of each block of the run's own frozen classifier.

    ReGene accepts a generated image by this classifier's confidence. A decoder that was trained to
    match its feature maps reaches the threshold sooner; in return the confidence is no independent
    measure of the images any more.
    """

    def __init__(self, encoder: LatentEncoder) -> None:
        self._encoder = encoder

    def maps(self, images: Tensor) -> list[Tensor]:
        """The encoder's blocks, of any size and number of channels that it takes."""
        return self._encoder.block_features(images)

    def targets(self, images: Tensor, encoded: list[Tensor]) -> list[Tensor]:
        """What encoding the originals has computed."""
        return encoded


class FirstLayer:
    """The first layer of a network that was trained on ImageNet, at the images' own size.

    Args:
        layer: Maps RGB inputs to a feature map.
        inputs: Maps RGB images in [0, 1] to what the network takes.
    """

    def __init__(self, layer: nn.Module, inputs: Callable[[Tensor], Tensor]) -> None:
        self._layer = layer
        self._inputs = inputs

    def maps(self, images: Tensor) -> list[Tensor]:
        """One map; grey images become RGB by repeating their channel.

        Raises:
            ConfigError: The images have neither one nor three channels.
        """
        if images.shape[1] not in (1, 3):
            raise ConfigError(
                f"A network for RGB images cannot see {images.shape[1]} channels.",
                hint="Use perceptual=classifier.",
            )
        values = self._inputs(images.expand(-1, 3, -1, -1))
        # Inception's kernel has no padding: an image smaller than it would leave nothing.
        missing = [max(0, _KERNEL - side) for side in (images.shape[3], images.shape[2])]
        if any(missing):
            values = F.pad(values, (0, missing[0], 0, missing[1]), mode="replicate")
        features: Tensor = self._layer(values.contiguous(memory_format=torch.channels_last))
        return [features]

    def targets(self, images: Tensor, encoded: list[Tensor]) -> list[Tensor]:
        """The maps of the originals."""
        return self.maps(images)


def perceptual_network(
    name: PerceptualName, encoder: LatentEncoder, device: torch.device
) -> Perceptual:
    """Make the perceptual network of this name.

    Args:
        name: ``efficientnet_lite0`` for the stem of the embedded network, ``inception`` for the
            first convolution of the 2015 Inception network, ``vgg16`` for that of VGG-16
            (``block1_conv1``), ``classifier`` for the encoder itself.
        encoder: The run's own, frozen.
        device: Where it computes.

    Raises:
        UnavailableError: The weights are not on this machine; says how to get them.
    """
    if name == "classifier":
        return ClassifierMaps(encoder)
    build, inputs = _FIRST_LAYERS[name]
    layer = build().eval().requires_grad_(False).to(device)
    return FirstLayer(layer.to(memory_format=torch.channels_last), inputs)


def perceptual_distance(found: list[Tensor], targets: list[Tensor]) -> Tensor:
    """Mean absolute difference of feature maps, averaged over the maps, a float32 scalar."""
    return torch.stack([mae(*pair) for pair in zip(found, targets, strict=True)]).mean()


def _efficientnet_stem() -> nn.Module:
    layers = dict(
        efficientnet_lite0.load_network(efficientnet_lite0.embedded_weights()).named_children()
    )
    return nn.Sequential(layers["conv_stem"], layers["bn1"])


def _inception_first() -> nn.Module:
    published = inception.load_published(find_weights(inception.INCEPTION_2015))
    network = inception.build_inception(inception.weights_of_layers(published))
    return next(iter(network.children()))


def _vgg_first() -> nn.Module:
    # with its activation, as Keras's layer of this name has it
    return vgg16.load_convolutions(find_weights(vgg16.VGG16_2016))[:2]


def _centred(centre: float) -> Callable[[Tensor], Tensor]:
    """``(x − centre) / 128`` with x in [0, 255]."""
    return lambda images: (images * 255 - centre) / 128


_FIRST_LAYERS: dict[str, tuple[Callable[[], nn.Module], Callable[[Tensor], Tensor]]] = {
    "efficientnet_lite0": (_efficientnet_stem, _centred(127.0)),
    "inception": (_inception_first, _centred(128.0)),
    "vgg16": (_vgg_first, vgg16.standardised),
}
