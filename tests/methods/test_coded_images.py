"""A long code beside each pixel becomes no planes on a CPU, and everything is as if it did."""

from __future__ import annotations

import pytest
import torch
from regene_bench_plugins.networks.block_description import tapered_blocks
from regene_bench_plugins.networks.coded_images import CodedConv2d, CodedImages
from regene_bench_plugins.networks.convolutional import ConvEncoder
from regene_bench_plugins.networks.lanes import lane_of, stacked
from regene_bench_plugins.networks.strided import StridedFeatures
from torch import Tensor, nn

from regene_bench.api import ImageShape

LAYERS = [
    # channels, code, kernel, stride, padding, height, width
    (1, 10, 4, 2, 1, 28, 28),
    (3, 8, 3, 1, 1, 8, 6),
    (1, 9, 3, 2, 1, 7, 9),
    (2, 11, 4, 2, 0, 8, 8),
    (3, 12, 1, 1, 0, 3, 5),
    (1, 300, 4, 2, 1, 8, 8),
    # a short code's planes are made
    (1, 1, 3, 2, 1, 7, 9),
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


def test_joined_channels_are_convolved_as_ever() -> None:
    layer = CodedConv2d(2, 6, 3, code=9, size=(8, 8), padding=1)
    joined = torch.rand(3, 11, 8, 8)
    assert torch.equal(layer(joined), nn.Conv2d.forward(layer, joined))


def test_networks_of_images_alone_have_plain_convolutions() -> None:
    shape = ImageShape(1, 8, 8, 9)
    networks = (StridedFeatures(shape, (4, 8)), ConvEncoder(shape, tapered_blocks(2, 8, 4)))
    for network in networks:
        assert not any(isinstance(layer, CodedConv2d) for layer in network.modules())


@pytest.mark.parametrize("size", [(8, 8), (9, 8), (7, 11)], ids=str)
def test_discriminators_and_encoders_take_codes_at_any_size(size: tuple[int, int]) -> None:
    shape = ImageShape(1, *size, 9)
    networks = (
        StridedFeatures(shape, (4, 8), code=9).eval(),
        ConvEncoder(shape, tapered_blocks(2, 8, 4), 9).eval(),
    )
    coded = CodedImages(torch.rand(2, 1, *size), torch.eye(9)[[2, 0]])
    for network in networks:
        torch.testing.assert_close(network(coded), network(coded.joined()))
        others = CodedImages(coded.images, torch.eye(9)[[1, 0]])
        assert not torch.allclose(network(coded)[0], network(others)[0])
        assert torch.equal(network(coded)[1], network(others)[1])


@pytest.mark.parametrize("size", [(8, 8), (9, 8)], ids=str)
def test_stacked_networks_take_codes_of_each_model(size: tuple[int, int]) -> None:
    shape = ImageShape(1, *size, 9)
    models = [StridedFeatures(shape, (4, 8), code=9).eval() for _ in range(2)]
    images, code = torch.rand(5, 2, 1, *size), torch.eye(9)[torch.randint(9, (5, 2))]
    both = stacked(models).eval()
    found = both(CodedImages(images, code)).unflatten(1, (2, -1))
    found.square().sum().backward()
    of_both = dict(both.named_parameters())
    for lane, model in enumerate(models):
        alone = model(CodedImages(images[:, lane], code[:, lane]))
        torch.testing.assert_close(found[:, lane], alone)
        alone.square().sum().backward()
        for name, own in model.named_parameters():
            gradient = of_both[name].grad
            assert gradient is not None
            torch.testing.assert_close(lane_of(gradient, own, lane, 2), own.grad)


def test_images_of_another_size_have_their_planes() -> None:
    layer = CodedConv2d(1, 4, 4, code=9, size=(28, 28), stride=2, padding=1)
    # as many places as those of 28 x 28 pixels
    coded = given(layer, (14, 56))
    torch.testing.assert_close(layer(coded), nn.Conv2d.forward(layer, coded.joined()))


def test_no_images_give_no_maps() -> None:
    layer = CodedConv2d(1, 4, 4, code=9, size=(8, 8), stride=2, padding=1)
    coded = CodedImages(torch.rand(0, 1, 8, 8), torch.rand(0, 9))
    assert layer(coded).shape == (0, 4, 4, 4)


def test_codes_take_the_precision_of_the_layer() -> None:
    layer = CodedConv2d(1, 4, 4, code=9, size=(8, 8), stride=2, padding=1).double()
    images, code = torch.rand(2, 1, 8, 8).double(), torch.eye(9)[[3, 4]]
    torch.testing.assert_close(
        layer(CodedImages(images, code)),
        nn.Conv2d.forward(layer, CodedImages(images, code).joined()),
    )


def test_in_short_numbers_both_ways_are_near() -> None:
    layer = CodedConv2d(1, 4, 4, code=9, size=(8, 8), stride=2, padding=1)
    coded = given(layer, (8, 8))
    exact = layer(coded)
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(coded)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), exact, atol=2e-2, rtol=2e-2)


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
