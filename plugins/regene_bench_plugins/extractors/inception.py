"""The 2015 Inception network that FID is defined by, under clean-fid's preprocessing."""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench.api import (
    BenchmarkData,
    ExtractorCard,
    FeatureExtractor,
    Features,
    Runtime,
    WeightsFile,
    obtain_weights,
)
from regene_bench_plugins.extractors.preprocess import bicubic_square

_SIZE = 299
_DIMENSION = 2048

INCEPTION_2015 = WeightsFile(
    name="inception",
    filename="inception-2015-12-05.pt",
    url="https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/inception-2015-12-05.pt",
    sha256="f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4",
    size=95_607_719,
)


class Inception(FeatureExtractor):
    """Pool features of the Inception network that Heusel et al. (2017) define FID with.

    The TorchScript conversion that clean-fid uses (Parmar et al. 2022), fed with images resized to
    299 pixels by Pillow's bicubic kernel in floating point. Nothing stands in for it: without the
    verified file its scores are ``unavailable``.
    """

    weights = (INCEPTION_2015,)

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        from cleanfid.inception_torchscript import InceptionV3W

        def progress(done: int, total: int) -> None:
            runtime.progress("fetching the Inception weights", done, total, "bytes")

        path = obtain_weights(INCEPTION_2015, progress)
        network = InceptionV3W(str(path.parent), download=False, resize_inside=False)
        self._network = network.to(runtime.device).eval()

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard(
            id="inception",
            input_size=_SIZE,
            value_range=(-1.0, 127 / 128),
            feature_dim=_DIMENSION,
            weights_sha256=INCEPTION_2015.sha256,
            preprocess_id="cleanfid-bicubic299",
        )

    def extract(self, images: Tensor) -> Features:
        inputs = bicubic_square(images, _SIZE)
        with torch.autocast(images.device.type, enabled=False):
            return Features(self._network(inputs).float())
