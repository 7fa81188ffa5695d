"""DINOv2 ViT-L/14, the network of FD-DINOv2, as its authors run it at 224 pixels."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import (
    BenchmarkData,
    ExtractorCard,
    FeatureExtractor,
    Features,
    Runtime,
    validate,
)
from regene_bench_plugins.backbones.timm_weights import TimmConfig, load_model, state_sha256
from regene_bench_plugins.extractors.chunks import in_chunks_on_cpu
from regene_bench_plugins.extractors.float32 import full_float32
from regene_bench_plugins.extractors.openvino_network import computed_by, faster, probe_images
from regene_bench_plugins.extractors.timm_models import Preprocessing

_PREPROCESSING = Preprocessing(224, "bicubic", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_PATCH = 14
# The authors' code adds this to the number of patches before it takes the ratio of the grids.
_OFFSET = 0.1
_CHUNK = 4


class DinoV2(FeatureExtractor):
    """The normalised class token of DINOv2 (Oquab et al. 2023), 1024 features.

    Stein et al. (2023) found distances of these features to agree best with human judgement; their
    dgm-eval takes this network. The weights are those that timm republishes, or the safetensors
    file that the option ``weights`` names. They were trained at 518 pixels: at 224 the position
    embeddings are resampled as in the authors' repository, by a ratio of (16 + 0.1) to 37 and
    without antialiasing; timm's own resampling gives other features.
    """

    model: ClassVar[str] = "vit_large_patch14_dinov2.lvd142m"

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        network = load_model(self.model, validate(TimmConfig, self.options, "extractor dinov2"))
        self._sha256 = state_sha256(network)
        self._dimension = int(network.num_features)  # type: ignore[arg-type]
        take_size(network, _PREPROCESSING.size)
        probe = _PREPROCESSING(probe_images(runtime.device))
        self._network = faster(network.to(runtime.device), probe, "dinov2", runtime)
        self.computed_by = computed_by(self._network)

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard(
            id="dinov2",
            input_size=_PREPROCESSING.size,
            value_range=_PREPROCESSING.value_range,
            feature_dim=self._dimension,
            weights_sha256=self._sha256,
            preprocess_id=f"{self.model.partition('.')[0]}-hubpositions-{_PREPROCESSING.name}",
        )

    def extract(self, images: Tensor) -> Features:
        with full_float32(images.device):
            return Features(in_chunks_on_cpu(self._network, _PREPROCESSING, images, _CHUNK))


def take_size(network: nn.Module, size: int) -> None:
    """Let a vision transformer take another size of image, with the authors' position embeddings.

    Args:
        network: timm's, with one class token and a square grid of patches; changed in place.
        size: Side of the images in pixels.
    """
    trained = network.get_parameter("pos_embed").detach()
    network.set_input_size(size)  # type: ignore[operator]
    grid = resample_positions(trained[:, 1:], size // _PATCH)
    with torch.no_grad():
        network.get_parameter("pos_embed").copy_(torch.cat([trained[:, :1], grid], dim=1))


def resample_positions(embeddings: Tensor, side: int) -> Tensor:
    """Resample a square grid of embeddings, float32 ``[1, M², D]`` to ``[1, side², D]``."""
    before = round(embeddings.shape[1] ** 0.5)
    grid = embeddings.reshape(1, before, before, -1).movedim(-1, 1)
    ratio = (side + _OFFSET) / before
    found = F.interpolate(grid, scale_factor=(ratio, ratio), mode="bicubic", align_corners=False)
    return found.movedim(1, -1).flatten(1, 2)
