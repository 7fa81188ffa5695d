"""VGG-16, in whose features the ReGene paper looks for closest matches."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import (
    BenchmarkData,
    ExtractorCard,
    FeatureExtractor,
    Features,
    Runtime,
    obtain_weights,
)
from regene_bench_plugins.backbones import vgg16 as backbone
from regene_bench_plugins.extractors.chunks import in_chunks_on_cpu
from regene_bench_plugins.extractors.float32 import full_float32
from regene_bench_plugins.extractors.openvino_network import computed_by, faster, probe_images

_LEAST_SIDE = 32
_CHUNK = 8


class VGG16(FeatureExtractor):
    """The last pooled map of VGG-16, averaged over its places: 512 features.

    Gopalakrishnan et al. (2022, Fig. 12) compare images "in VGG-16 latent feature space" and say no
    more of it. Images keep their size, as Keras's networks without a top take them (from 32
    pixels; smaller ones are enlarged), grey ones become RGB. Weights are torchvision's; nothing
    stands in for them.
    """

    weights = (backbone.VGG16_2016,)

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        def progress(done: int, total: int) -> None:
            runtime.progress("fetching the weights of VGG-16", done, total, "bytes")

        layers = backbone.load_convolutions(obtain_weights(backbone.VGG16_2016, progress))
        network = nn.Sequential(layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
        network = network.to(runtime.device).to(memory_format=torch.channels_last)
        self._network = faster(network, _inputs(probe_images(runtime.device)), "vgg16", runtime)
        self.computed_by = computed_by(self._network)

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard(
            id="vgg16",
            input_size=0,
            value_range=(-2.2, 2.7),
            feature_dim=backbone.FEATURES,
            weights_sha256=backbone.VGG16_2016.sha256,
            preprocess_id="native-from32-imagenet",
        )

    def extract(self, images: Tensor) -> Features:
        with full_float32(images.device):
            return Features(in_chunks_on_cpu(self._network, _inputs, images, _CHUNK))


def _inputs(images: Tensor) -> Tensor:
    values = images.float().div(255).expand(-1, 3, -1, -1)
    height, width = values.shape[2:]
    if min(height, width) < _LEAST_SIDE:
        size = (max(height, _LEAST_SIDE), max(width, _LEAST_SIDE))
        values = F.interpolate(values, size, mode="bilinear", antialias=True)
    return backbone.standardised(values).contiguous(memory_format=torch.channels_last)
