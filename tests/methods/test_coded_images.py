"""A code beside each pixel never becomes planes, and everything is as if it did."""

from __future__ import annotations

import pytest
import torch
from regene_bench_plugins.networks.block_description import tapered_blocks
from regene_bench_plugins.networks.coded_images import CodedConv2d, CodedImages
from regene_bench_plugins.networks.convolutional import ConvEncoder
from regene_bench_plugins.networks.lanes import stacked
from regene_bench_plugins.networks.strided import StridedFeatures
from torch import Tensor, nn

from regene_bench.api import ImageShape

LAYERS = [
    # channels, code, kernel, stride, padding, height, width
    (1, 10, 4, 2, 1, 28, 28),
    (3, 5, 3, 1, 1, 8, 6),
    (1, 1, 3, 2, 1, 7, 9),
    (2, 4, 4, 2, 0, 8, 8),
    (3, 2, 1, 1, 0, 3, 5),
    (1, 300, 4, 2, 1, 8, 8),
]


def given(layer: CodedConv2d, size: tuple[int, int], n: int = 3) -> CodedImages:
    dtype = layer.weight.dtype
    images = torch.rand(n, layer.channels, *size, dtype=dtype).requires_grad_()
    code = torch.rand(n, layer.in_channels - layer.channels, dtype=dtype).requires_grad_()
    return CodedImages(images, code)


def slopes(result: Tensor, *of: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(result.sin().sum(), of, create_graph=True))


def sum_of_squares(tensors: list[Tensor]) -> Tensor:
    return torch.stack([each.square().sum() for each in tensors]).sum()


@pytest.mark.parametrize(
    ("channels", "code", "kernel", "stride", "padding", "height", "width"), LAYERS
)
def test_values_and_slopes_and_their_slopes_are_those_of_planes(
    channels: int, code: int, kernel: int, stride: int, padding: int, height: int, width: int
) -> None:
    layer = CodedConv2d(
        channels,
        6,
        kernel,
        code=code,
        size=(height, width),
        stride=stride,
        padding=padding,
    ).double()
    inputs = given(layer, (height, width))
    assert layer.bias is not None
    variables = (inputs.images, inputs.code, layer.weight, layer.bias)
    found, expected = layer(inputs), nn.Conv2d.forward(layer, inputs.joined())
    torch.testing.assert_close(found, expected)
    of_found, of_expected = slopes(found, *variables), slopes(expected, *variables)
    for one, other in zip(of_found, of_expected, strict=True):
        torch.testing.assert_close(one, other)
    # as a gradient's penalty needs them
    of_norms = [
        torch.autograd.grad(sum_of_squares(once), layer.weight) for once in (of_found, of_expected)
    ]
    torch.testing.assert_close(*of_norms)


def test_no_plane_is_made() -> None:
    layer = CodedConv2d(1, 6, 4, code=10, size=(28, 28), stride=2, padding=1)
    coded = given(layer, (28, 28))
    layer(coded)
    sizes = [tuple(shape) for shape in seen_by(lambda: layer(coded))]
    assert (3, 11, 28, 28) not in sizes
    assert (3, 1, 28, 28) in sizes


def test_weights_are_those_of_a_convolution() -> None:
    layer = CodedConv2d(1, 6, 4, code=10, size=(8, 8), stride=2, padding=1)
    same = nn.Conv2d(11, 6, 4, stride=2, padding=1)
    assert {name: value.shape for name, value in layer.state_dict().items()} == {
        name: value.shape for name, value in same.state_dict().items()
    }


def test_images_alone_are_convolved_as_ever() -> None:
    layer = CodedConv2d(2, 6, 3, code=0, size=(8, 8), padding=1)
    images = torch.rand(3, 2, 8, 8)
    assert torch.equal(layer(images), nn.Conv2d.forward(layer, images))


@pytest.mark.parametrize("size", [(8, 8), (9, 8), (7, 11)], ids=str)
def test_discriminators_and_encoders_take_codes_at_any_size(size: tuple[int, int]) -> None:
    shape = ImageShape(1, *size, 3)
    networks = (
        StridedFeatures(shape, (4, 8), code=3).eval(),
        ConvEncoder(shape, tapered_blocks(2, 8, 4), 3).eval(),
    )
    coded = CodedImages(torch.rand(2, 1, *size), torch.eye(3)[[2, 0]])
    for network in networks:
        torch.testing.assert_close(network(coded), network(coded.joined()))
        others = CodedImages(coded.images, torch.eye(3)[[1, 0]])
        assert not torch.allclose(network(coded)[0], network(others)[0])
        assert torch.equal(network(coded)[1], network(others)[1])


def test_stacked_networks_take_codes_of_each_model() -> None:
    shape = ImageShape(1, 8, 8, 3)
    models = [StridedFeatures(shape, (4, 8), code=3).eval() for _ in range(2)]
    images, code = torch.rand(5, 2, 1, 8, 8), torch.eye(3)[torch.randint(3, (5, 2))]
    both = stacked(models).eval()(CodedImages(images, code)).unflatten(1, (2, -1))
    for lane, model in enumerate(models):
        alone = model(CodedImages(images[:, lane], code[:, lane]))
        torch.testing.assert_close(both[:, lane], alone)


def seen_by(call: object) -> list[torch.Size]:
    """Shapes of what all convolutions of a call take."""
    from torch.utils._python_dispatch import TorchDispatchMode

    shapes: list[torch.Size] = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            if "convolution" in func.__name__:
                shapes.append(args[0].shape)
            return func(*args, **(kwargs or {}))

    with torch.no_grad(), Watch():
        call()  # type: ignore[operator]
    return shapes
