"""Inception-v3 as FID uses it, with its batch norms folded: the published weights, run faster.

The extractor ``inception`` takes the whole network, ReGene's perceptual loss its first layer.

The architecture is that of Szegedy et al. (2016), "Rethinking the Inception Architecture", with
what TensorFlow's network of 2015 does otherwise: average pools leave the padding out, and the last
block pools by the maximum.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from regene_bench.api import WeightsFile

FEATURES = 2048
_EPSILON = 1e-3

INCEPTION_2015 = WeightsFile(
    name="inception",
    filename="inception-2015-12-05.pt",
    url="https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/inception-2015-12-05.pt",
    sha256="f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4",
    size=95_607_719,
)


def load_published(path: Path) -> nn.Module:
    """Read the published TorchScript file: the network with its own code, in evaluation mode.

    Args:
        path: The file of ``INCEPTION_2015``, whose SHA-256 has been checked.
    """
    with warnings.catch_warnings():
        # TorchScript is deprecated, and what the published file is
        warnings.simplefilter("ignore", FutureWarning)
        published: nn.Module = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
    return published.eval()


def weights_of_layers(published: nn.Module) -> dict[str, Tensor]:
    """The published network's tensors up to the pooled features, in the file's order.

    What is left out is the output layer. The result is what ``build_inception`` takes.
    """
    return {k: v for k, v in published.state_dict().items() if k.startswith("layers.")}


class Parallel(nn.Module):
    """Branches side by side; their outputs are concatenated along the channels."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[N, C, H, W]`` to ``[N, C', H', W']``."""
        return torch.cat([branch(x) for branch in self.branches], 1)


def build_inception(state: Mapping[str, Tensor]) -> nn.Module:
    """Build the network up to its pooled features.

    Args:
        state: The published file's tensors in its order: of each convolution the ``weight``
            ``[O, I, H, W]``, and of its batch norm ``beta``, ``mean`` and ``var``, each ``[O]``.

    Returns:
        A network from float32 ``[N, 3, 299, 299]`` in [−1, 1) to float32 ``[N, 2048]``, channels
        last, in evaluation mode.

    Raises:
        ValueError: The tensors are not those of this architecture.
    """
    network = nn.Sequential(
        _convolution(3, 32, 3, stride=2),
        _convolution(32, 32, 3),
        _convolution(32, 64, 3, padding=1),
        nn.MaxPool2d(3, stride=2),
        _convolution(64, 80, 1),
        _convolution(80, 192, 3),
        nn.MaxPool2d(3, stride=2),
        _block_35(192, 32),
        _block_35(256, 64),
        _block_35(288, 64),
        _reduction_35(288),
        _block_17(768, 128),
        _block_17(768, 160),
        _block_17(768, 160),
        _block_17(768, 192),
        _reduction_17(768),
        _block_8(1280, _average()),
        _block_8(FEATURES, nn.MaxPool2d(3, stride=1, padding=1)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    # The file's layers and these are registered in the same order; their names differ.
    names = [name.removesuffix(".weight") for name, value in state.items() if value.ndim == 4]
    for convolution, name in zip(convolutions, names, strict=True):
        _load_folded(convolution, {key: state.get(f"{name}.{key}") for key in _TENSORS})
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)


_TENSORS = ("weight", "beta", "mean", "var")


def _load_folded(convolution: nn.Conv2d, tensors: Mapping[str, Tensor | None]) -> None:
    weight, beta, mean, var = (_present(tensors[key], key).double() for key in _TENSORS)
    if weight.shape != convolution.weight.shape:
        raise ValueError(f"{list(weight.shape)} for a {list(convolution.weight.shape)} convolution")
    assert convolution.bias is not None
    scale = (var + _EPSILON).rsqrt()
    with torch.no_grad():
        convolution.weight.copy_(weight * scale[:, None, None, None])
        convolution.bias.copy_(beta - mean * scale)


def _present(tensor: Tensor | None, name: str) -> Tensor:
    if tensor is None:
        raise ValueError(f"a convolution without {name}")
    return tensor


def _convolution(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int],
    *,
    stride: int = 1,
    padding: int | tuple[int, int] = 0,
) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding), nn.ReLU(inplace=True)
    )


def _point(inputs: int, outputs: int) -> nn.Module:
    return _convolution(inputs, outputs, 1)


def _square(inputs: int, outputs: int, side: int = 3) -> nn.Module:
    return _convolution(inputs, outputs, side, padding=side // 2)


def _row(inputs: int, outputs: int, width: int) -> nn.Module:
    return _convolution(inputs, outputs, (1, width), padding=(0, width // 2))


def _column(inputs: int, outputs: int, height: int) -> nn.Module:
    return _convolution(inputs, outputs, (height, 1), padding=(height // 2, 0))


def _pooled(pool: nn.Module, inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(pool, _point(inputs, outputs))


def _average() -> nn.Module:
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


def _block_35(inputs: int, pooled: int) -> nn.Module:
    return Parallel(
        _point(inputs, 64),
        nn.Sequential(_point(inputs, 48), _square(48, 64, 5)),
        nn.Sequential(_point(inputs, 64), _square(64, 96), _square(96, 96)),
        _pooled(_average(), inputs, pooled),
    )


def _reduction_35(inputs: int) -> nn.Module:
    return Parallel(
        _convolution(inputs, 384, 3, stride=2),
        nn.Sequential(_point(inputs, 64), _square(64, 96), _convolution(96, 96, 3, stride=2)),
        nn.MaxPool2d(3, stride=2),
    )


def _block_17(inputs: int, width: int) -> nn.Module:
    return Parallel(
        _point(inputs, 192),
        nn.Sequential(_point(inputs, width), _row(width, width, 7), _column(width, 192, 7)),
        nn.Sequential(
            _point(inputs, width),
            _column(width, width, 7),
            _row(width, width, 7),
            _column(width, width, 7),
            _row(width, 192, 7),
        ),
        _pooled(_average(), inputs, 192),
    )


def _reduction_17(inputs: int) -> nn.Module:
    return Parallel(
        nn.Sequential(_point(inputs, 192), _convolution(192, 320, 3, stride=2)),
        nn.Sequential(
            _point(inputs, 192),
            _row(192, 192, 7),
            _column(192, 192, 7),
            _convolution(192, 192, 3, stride=2),
        ),
        nn.MaxPool2d(3, stride=2),
    )


def _block_8(inputs: int, pool: nn.Module) -> nn.Module:
    return Parallel(
        _point(inputs, 320),
        nn.Sequential(_point(inputs, 384), Parallel(_row(384, 384, 3), _column(384, 384, 3))),
        nn.Sequential(
            _point(inputs, 448),
            _square(448, 384),
            Parallel(_row(384, 384, 3), _column(384, 384, 3)),
        ),
        _pooled(pool, inputs, 192),
    )
