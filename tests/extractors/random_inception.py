"""An Inception file of random weights: it answers the same calls as the published one.

Its layers are torch-fidelity's, an implementation that is not ours; the tensors of a convolution
have the names of the published file (``weight``, ``beta``, ``mean``, ``var``).
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FILENAME = "inception-2015-12-05.pt"


class Convolution(nn.Module):
    """A convolution with a batch norm that shifts but does not scale, then ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        kernel = (kernel_size,) * 2 if isinstance(kernel_size, int) else kernel_size
        fan_in = in_channels * kernel[0] * kernel[1]
        self.stride = stride
        self.padding = (padding, padding) if isinstance(padding, int) else padding
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, *kernel))
        self.weight.data *= (2 / fan_in) ** 0.5
        self.beta = nn.Parameter(0.3 * torch.randn(out_channels))
        self.mean = nn.Parameter(0.3 * torch.randn(out_channels))
        self.var = nn.Parameter(0.5 + torch.rand(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.weight, stride=self.stride, padding=self.padding)
        return F.relu(F.batch_norm(x, self.mean, self.var, bias=self.beta, eps=1e-3))


class RandomInception(nn.Module):
    """The published file's interface: ``layers``, ``output``, and ``forward`` to probabilities."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = _layers()
        self.output = nn.Linear(2048, 1008)

    def forward(
        self,
        img: Tensor,
        return_features: bool = False,
        use_fp16: bool = False,
        no_output_bias: bool = False,
    ) -> Tensor:
        features = self.layers((img - 128) / 128).reshape(-1, 2048)
        if return_features:
            return features
        bias = None if no_output_bias else self.output.bias
        return F.softmax(F.linear(features, self.output.weight, bias), dim=1)


def random_inception(seed: int = 0) -> RandomInception:
    """Build the network with weights drawn from a seed, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RandomInception().eval().requires_grad_(False)


def save_script(network: nn.Module, folder: Path) -> Path:
    """Write the network as TorchScript, under the name that clean-fid looks for."""
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # TorchScript is deprecated, and what the published file is
        warnings.simplefilter("ignore", FutureWarning)
        torch.jit.script(network).save(str(folder / FILENAME))
    return folder / FILENAME


def fidelity_state(network: RandomInception) -> dict[str, Tensor]:
    """The same weights under the names of torch-fidelity's and pytorch-fid's file."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3 as Theirs

    with _no_weights(Theirs):
        names = Theirs("random", ["2048"], "").state_dict()
    convolutions = [m for m in network.modules() if isinstance(m, Convolution)]
    prefixes = [n.removesuffix(".conv.weight") for n in names if n.endswith(".conv.weight")]
    state = {"fc.weight": network.output.weight, "fc.bias": network.output.bias}
    for prefix, convolution in zip(prefixes, convolutions, strict=True):
        state[f"{prefix}.conv.weight"] = convolution.weight
        state[f"{prefix}.bn.weight"] = torch.ones_like(convolution.beta)
        state[f"{prefix}.bn.bias"] = convolution.beta
        state[f"{prefix}.bn.running_mean"] = convolution.mean
        state[f"{prefix}.bn.running_var"] = convolution.var
        state[f"{prefix}.bn.num_batches_tracked"] = torch.tensor(0)
    assert set(state) == set(names)
    return {name: tensor.detach() for name, tensor in state.items()}


def _layers() -> nn.Sequential:
    with _convolutions() as theirs:
        return nn.Sequential(
            Convolution(3, 32, 3, stride=2),
            Convolution(32, 32, 3),
            Convolution(32, 64, 3, padding=1),
            nn.MaxPool2d(3, stride=2),
            Convolution(64, 80, 1),
            Convolution(80, 192, 3),
            nn.MaxPool2d(3, stride=2),
            theirs.InceptionA(192, pool_features=32),
            theirs.InceptionA(256, pool_features=64),
            theirs.InceptionA(288, pool_features=64),
            theirs.InceptionB(288),
            theirs.InceptionC(768, channels_7x7=128),
            theirs.InceptionC(768, channels_7x7=160),
            theirs.InceptionC(768, channels_7x7=160),
            theirs.InceptionC(768, channels_7x7=192),
            theirs.InceptionD(768),
            theirs.InceptionE_1(1280),
            theirs.InceptionE_2(2048),
            nn.AvgPool2d(8),
        )


@contextmanager
def _convolutions() -> Iterator[Any]:
    """torch-fidelity's blocks, made of our convolutions while they are built."""
    import torch_fidelity.feature_extractor_inceptionv3 as theirs

    original = theirs.BasicConv2d
    theirs.BasicConv2d = Convolution
    try:
        yield theirs
    finally:
        theirs.BasicConv2d = original


@contextmanager
def _no_weights(network: Any) -> Iterator[None]:
    """Let torch-fidelity build its network without a file of weights."""
    load, network.load_state_dict = network.load_state_dict, lambda *_: None
    read, torch.load = torch.load, lambda *_, **__: {}
    try:
        yield
    finally:
        network.load_state_dict, torch.load = load, read


@contextmanager
def published_in_place_of(path: Path) -> Iterator[None]:
    """Let the extractor take a file of random weights for the published one.

    Args:
        path: ``CACHE/weights/inception-2015-12-05.pt``.
    """
    from regene_bench_plugins.backbones import inception as module

    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    original = module.INCEPTION_2015
    module.INCEPTION_2015 = replace(original, sha256=digest, size=len(content))
    before = {name: os.environ.get(name) for name in ("REGENE_BENCH_CACHE", "REGENE_BENCH_OFFLINE")}
    os.environ["REGENE_BENCH_CACHE"] = str(path.parent.parent)
    os.environ["REGENE_BENCH_OFFLINE"] = "1"
    try:
        yield
    finally:
        module.INCEPTION_2015 = original
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
