"""The 2015 Inception network that FID is defined by, under clean-fid's preprocessing."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import (
    BenchmarkData,
    ExtractorCard,
    FeatureExtractor,
    Features,
    Message,
    Runtime,
    obtain_weights,
)
from regene_bench_plugins.backbones import inception as backbone
from regene_bench_plugins.extractors.chunks import in_chunks_on_cpu
from regene_bench_plugins.extractors.float32 import full_float32
from regene_bench_plugins.extractors.openvino_network import (
    Network,
    computed_by,
    faster,
    probe_images,
)
from regene_bench_plugins.extractors.preprocess import bicubic_square

_SIZE = 299
# Images at a time on a CPU: benchmarks/speed/features.py prints what others cost.
_CHUNK = 8
# Two ways of computing the same float32 network differ by less (relative Euclidean distance).
_TOLERANCE = 1e-4


class Inception(FeatureExtractor):
    """Pool features and logits of the Inception network that Heusel et al. (2017) define FID with.

    The TorchScript conversion that clean-fid uses (Parmar et al. 2022), fed with images resized to
    299 pixels by Pillow's bicubic kernel in floating point. Nothing stands in for it: without the
    verified file its scores are ``unavailable``.

    Logits ``[N, 1008]`` are the output layer without its bias, from the same pass, as the Inception
    score of Salimans et al. (2016) was computed; their softmax gives the probabilities.
    """

    weights = (backbone.INCEPTION_2015,)

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        def progress(done: int, total: int) -> None:
            runtime.progress("fetching the Inception weights", done, total, "bytes")

        published = backbone.load_published(obtain_weights(backbone.INCEPTION_2015, progress))
        network = _rebuilt(published)
        if network is None:
            text = "inception: the file's layers are not as expected; its own, slower code is used"
            runtime.tell(Message(text, "warning"))
            self._network: Network = _own_layers(published).to(runtime.device)
        else:
            network, probe = network.to(runtime.device), probe_images(runtime.device)
            self._network = faster(network, _inputs(probe), "inception", runtime)
        self.computed_by = computed_by(self._network)
        self._output = published.state_dict()["output.weight"].to(runtime.device)

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard(
            id="inception",
            input_size=_SIZE,
            value_range=(-1.0, 127 / 128),
            feature_dim=backbone.FEATURES,
            weights_sha256=backbone.INCEPTION_2015.sha256,
            preprocess_id="cleanfid-bicubic299",
        )

    def extract(self, images: Tensor) -> Features:
        with full_float32(images.device):
            features = in_chunks_on_cpu(self._network, _inputs, images, _CHUNK)
            return Features(features, F.linear(features, self._output))


def _inputs(images: Tensor) -> Tensor:
    return (bicubic_square(images, _SIZE) - 128) / 128


def _own_layers(published: nn.Module) -> nn.Module:
    return nn.Sequential(dict(published.named_children())["layers"], nn.Flatten())


def _rebuilt(published: nn.Module) -> nn.Module | None:
    """Return a faster network of the same weights, if it answers as the file's own code does."""
    try:
        network = backbone.build_inception(backbone.weights_of_layers(published))
    except ValueError:
        return None
    noise = torch.rand(2, 3, _SIZE, _SIZE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode(), full_float32(noise.device):
        found, expected = network(noise), _own_layers(published)(noise)
    alike = (found - expected).norm() <= _TOLERANCE * expected.norm()
    return network if alike else None
