"""Pooled features of any of timm's models, by name: ``timm:resnet18``."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from regene_bench.api import (
    BenchmarkData,
    ConfigError,
    ExtractorCard,
    FeatureExtractor,
    Features,
    Runtime,
    validate,
)
from regene_bench_plugins.backbones.timm_weights import (
    TimmConfig,
    check_model,
    load_model,
    state_sha256,
)
from regene_bench_plugins.extractors.chunks import in_chunks_on_cpu
from regene_bench_plugins.extractors.float32 import full_float32
from regene_bench_plugins.extractors.openvino_network import (
    computed_by,
    faster,
    probe_images,
)
from regene_bench_plugins.extractors.preprocess import Kernel, antialiased_square

_CHUNK = 8


class Timm(FeatureExtractor):
    """The features before the classifier of one of timm's models (Wightman 2019).

    Size, kernel, mean and standard deviation are those that timm states for the weights. The whole
    image becomes the network's square: timm's own evaluation crops its border, which for images as
    small as a benchmark's would leave out what was drawn there. The weights come from the hub, or
    from the safetensors file that the option ``weights`` names.

    Class attributes:
        model: timm's name for the model, set by ``named``.
    """

    model: ClassVar[str] = ""

    @classmethod
    def named(cls, model: str) -> type[Timm]:
        """Return the extractor of one model, ``architecture`` or ``architecture.tag``.

        Raises:
            ConfigError: timm has no such model; names the nearest one.
        """
        check_model(model)
        return type(cls.__name__, (cls,), {"model": model, "__doc__": cls.__doc__})

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        if not self.model:
            raise ConfigError("The extractor timm needs a model.", hint="Write timm:resnet18.")
        name = f"timm:{self.model}"
        network = load_model(self.model, validate(TimmConfig, self.options, f"extractor {name}"))
        self._preprocessing = _stated_preprocessing(network, self.model)
        self._sha256 = state_sha256(network)
        network = network.to(runtime.device).to(memory_format=torch.channels_last)
        probe = self._preprocessing(probe_images(runtime.device))
        self._network = faster(network, probe, name, runtime)
        self.computed_by = computed_by(self._network)
        blank = torch.zeros(1, 3, 8, 8, dtype=torch.uint8, device=runtime.device)
        with torch.inference_mode():
            self._dimension = self.extract(blank).features.shape[1]

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard(
            id=f"timm:{self.model}",
            input_size=self._preprocessing.size,
            value_range=self._preprocessing.value_range,
            feature_dim=self._dimension,
            weights_sha256=self._sha256,
            preprocess_id=self._preprocessing.name,
        )

    def extract(self, images: Tensor) -> Features:
        with full_float32(images.device):
            found = in_chunks_on_cpu(self._network, self._preprocessing, images, _CHUNK)
            return Features(found.flatten(1))


class Preprocessing:
    """How images become a network's inputs.

    Args:
        size: Side of the square.
        kernel: Of the resize.
        mean: Subtracted, by channel, from values in [0, 1].
        std: Divided by, by channel.
    """

    def __init__(
        self, size: int, kernel: Kernel, mean: tuple[float, ...], std: tuple[float, ...]
    ) -> None:
        self.size = size
        self.kernel = kernel
        self.mean = mean
        self.std = std

    @property
    def name(self) -> str:
        """Everything about it in one short name, which stands in rows as the preprocess id."""
        mean, std = (",".join(f"{v:.4g}" for v in values) for values in (self.mean, self.std))
        return f"{self.kernel}{self.size}-whole-mean{mean}-std{std}"

    @property
    def value_range(self) -> tuple[float, float]:
        """Smallest and largest value of the inputs."""
        pairs = list(zip(self.mean, self.std, strict=True))
        return min(-mean / std for mean, std in pairs), max((1 - mean) / std for mean, std in pairs)

    def __call__(self, images: Tensor) -> Tensor:
        """Map uint8 ``[N, C, H, W]`` to float32 ``[N, 3, size, size]``."""
        values = antialiased_square(images, self.size, self.kernel)
        mean, std = (
            torch.tensor(v, device=images.device)[:, None, None] for v in (self.mean, self.std)
        )
        return (values / 255 - mean) / std


def _stated_preprocessing(network: nn.Module, model: str) -> Preprocessing:
    from timm.data import resolve_data_config

    stated = resolve_data_config({}, model=network)
    channels, height, width = stated["input_size"]
    kernel: Kernel | None = next(
        (k for k in ("bilinear", "bicubic") if k == stated["interpolation"]), None
    )
    if channels != 3 or height != width or kernel is None:
        raise ConfigError(
            f"timm:{model} takes {channels}×{height}×{width} inputs by {stated['interpolation']}.",
            hint="Choose a model of square RGB inputs that are resized bilinearly or bicubically.",
        )
    return Preprocessing(height, kernel, tuple(stated["mean"]), tuple(stated["std"]))
