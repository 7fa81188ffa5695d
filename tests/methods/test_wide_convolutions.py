"""Convolutions by matrix products are torch's convolutions, in values and in gradients."""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

import pytest
import torch
from regene_bench_plugins.networks import wide_convolutions
from regene_bench_plugins.networks.conditioning import CodeOnly
from regene_bench_plugins.networks.strided import StridedFeatures, TransposedGenerator
from regene_bench_plugins.networks.wide_convolutions import WideConv2d, WideConvTranspose2d
from torch import Tensor, nn

from regene_bench.api import ImageShape
from regene_bench.runtime.device import choose_precision

LAST = torch.channels_last
# kernel, stride, padding, sides of the map
CONVOLUTIONS = [
    (4, 2, 1, (4, 4)),
    (4, 2, 1, (3, 3)),
    (4, 2, 1, (8, 6)),
    (3, 2, 1, (7, 8)),
    (3, 1, 1, (4, 3)),
    (1, 1, 0, (2, 2)),
    (4, 1, 0, (4, 4)),
    ((3, 5), (2, 1), (1, 2), (5, 4)),
]
# kernel, stride, padding, more at the far ends, sides of the map
TRANSPOSED = [
    (4, 2, 1, 0, (4, 4)),
    (3, 2, 1, 1, (7, 7)),
    (3, 2, 1, 0, (4, 3)),
    (4, 1, 0, 0, (1, 1)),
    ((3, 4), (2, 2), (1, 1), (1, 0), (3, 8)),
]


@pytest.fixture(autouse=True)
def slow_products(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Say how fast this processor multiplies float32 matrices: as fast as others, at first."""

    def say(slow: bool) -> None:
        monkeypatch.setattr(wide_convolutions, "has_slow_float32_products", lambda: slow)

    say(False)
    return say


def by_products(layer: nn.Module, features: Tensor) -> Tensor:
    """What the layer gives, which must gather."""
    with mock.patch.object(wide_convolutions, "_under", wraps=wide_convolutions._under) as gathered:
        result: Tensor = layer(features)
    assert gathered.called
    return result


def pair(kind: type[nn.Module], ours: type[nn.Module], *arguments: object) -> tuple[nn.Module, ...]:
    """torch's layer and ours, with the same weights in float64, and channels last."""
    torch.manual_seed(0)
    theirs, wide = kind(*arguments).double(), ours(*arguments).double()
    wide.load_state_dict(theirs.state_dict())
    return theirs.to(memory_format=LAST), wide.to(memory_format=LAST)


def assert_equal_with_gradients(theirs: nn.Module, ours: nn.Module, features: Tensor) -> None:
    features = features.contiguous(memory_format=LAST).requires_grad_()
    wanted, found = theirs(features), by_products(ours, features)
    torch.testing.assert_close(found, wanted)
    assert found.is_contiguous(memory_format=LAST)
    for one, other in zip(
        torch.autograd.grad(found.sin().sum(), [features, *ours.parameters()]),
        torch.autograd.grad(wanted.sin().sum(), [features, *theirs.parameters()]),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(("kernel", "stride", "padding", "sides"), CONVOLUTIONS)
@pytest.mark.parametrize("bias", [True, False])
def test_convolutions_and_their_gradients(
    kernel: object, stride: object, padding: object, sides: tuple[int, int], bias: bool
) -> None:
    arguments = (256, 5, kernel, stride, padding, 1, 1, bias)
    theirs, ours = pair(nn.Conv2d, WideConv2d, *arguments)
    assert_equal_with_gradients(theirs, ours, torch.randn(3, 256, *sides, dtype=torch.float64))


@pytest.mark.parametrize(("kernel", "stride", "padding", "more", "sides"), TRANSPOSED)
@pytest.mark.parametrize("bias", [True, False])
def test_transposed_convolutions_and_their_gradients(
    kernel: object,
    stride: object,
    padding: object,
    more: object,
    sides: tuple[int, int],
    bias: bool,
) -> None:
    arguments = (512, 5, kernel, stride, padding, more, 1, bias)
    theirs, ours = pair(nn.ConvTranspose2d, WideConvTranspose2d, *arguments)
    assert_equal_with_gradients(theirs, ours, torch.randn(3, 512, *sides, dtype=torch.float64))


def test_slopes_of_slopes_as_gradient_penalties_want_them() -> None:
    theirs, ours = pair(nn.Conv2d, WideConv2d, 256, 3, 4, 2, 1)
    features = torch.randn(2, 256, 4, 4, dtype=torch.float64, requires_grad=True)
    found = []
    for layer in (theirs, ours):
        (slope,) = torch.autograd.grad(layer(features).tanh().sum(), features, create_graph=True)
        found.append(torch.autograd.grad(slope.norm(), list(layer.parameters())))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("images", [0, 1, 7])
def test_any_number_of_images(images: int) -> None:
    for theirs, ours in (
        pair(nn.Conv2d, WideConv2d, 256, 5, 4, 2, 1),
        pair(nn.ConvTranspose2d, WideConvTranspose2d, 512, 5, 4, 2, 1),
    ):
        features = torch.randn(images, theirs.in_channels, 4, 4, dtype=torch.float64)
        torch.testing.assert_close(by_products(ours, features), theirs(features))


def test_in_bfloat16_about_as_near_to_exact_as_torchs() -> None:
    # a transposed one adds up products that were rounded, where units for bfloat16 round the sum
    rounds_the_sum = choose_precision("auto", torch.device("cpu")) == "bfloat16"
    for theirs, ours, channels, most in (
        (*pair(nn.Conv2d, WideConv2d, 256, 64, 4, 2, 1), 256, 1.1),
        (
            *pair(nn.ConvTranspose2d, WideConvTranspose2d, 512, 64, 4, 2, 1),
            512,
            1.5 if rounds_the_sum else 1.1,
        ),
    ):
        features = torch.randn(8, channels, 4, 4, dtype=torch.float64)
        exact = theirs(features)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = by_products(ours.float(), features.float())
            torchs = theirs.float()(features.float())
        assert found.dtype == torchs.dtype == torch.bfloat16
        off, torchs_off = ((each.double() - exact).square().mean() for each in (found, torchs))
        assert off <= most * torchs_off


@pytest.mark.parametrize(
    "layer",
    [
        WideConv2d(255, 4, 4, 2, 1),
        WideConv2d(256, 4, 4, 2, 1, dilation=1, groups=2),
        WideConv2d(256, 4, 2, 2, 0, dilation=2),
        WideConv2d(256, 4, 3, 2, 1, padding_mode="reflect"),
        WideConvTranspose2d(511, 4, 4, 2, 1),
        WideConvTranspose2d(512, 4, 4, 2, 1, groups=2),
    ],
    ids=["narrow", "groups", "dilation", "reflected", "narrow transposed", "transposed groups"],
)
def test_all_else_is_torchs_own(layer: nn.Module) -> None:
    images = torch.randn(1, layer.in_channels, 4, 4)
    (torchs,) = type(layer).__bases__
    with mock.patch.object(wide_convolutions, "_under", side_effect=AssertionError):
        assert torch.equal(layer(images), torchs.forward(layer, images))


def test_large_maps_are_torchs_own() -> None:
    with mock.patch.object(wide_convolutions, "_under", side_effect=AssertionError):
        assert WideConv2d(256, 4, 4, 2, 1)(torch.randn(1, 256, 10, 4)).shape == (1, 4, 5, 2)
        wide = WideConvTranspose2d(512, 4, 4, 2, 1)
        assert wide(torch.randn(1, 512, 9, 4)).shape == (1, 4, 18, 8)
        assert wide(torch.randn(1, 512, 4, 4), [9, 8]).shape == (1, 4, 9, 8)


def test_in_bfloat16_fewer_transposed_convolutions_are_products() -> None:
    wide, features = WideConvTranspose2d(512, 4, 4, 2, 1), torch.randn(1, 512, 7, 7)
    by_products(wide, features)
    with mock.patch.object(wide_convolutions, "_under", side_effect=AssertionError):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert wide(features).shape == (1, 4, 14, 14)
        assert wide.bfloat16()(features.bfloat16()).shape == (1, 4, 14, 14)


def test_where_float32_products_are_slow_only_the_smallest_maps_are_products(
    slow_products: Callable[[bool], None],
) -> None:
    slow_products(True)
    by_products(WideConv2d(256, 4, 4, 2, 1), torch.randn(1, 256, 4, 4))
    by_products(WideConvTranspose2d(512, 4, 4, 2, 1).double(), torch.randn(1, 512, 4, 4).double())
    with mock.patch.object(wide_convolutions, "_under", side_effect=AssertionError):
        assert WideConv2d(256, 4, 4, 2, 1)(torch.randn(1, 256, 8, 8)).shape == (1, 4, 4, 4)
        wide = WideConvTranspose2d(512, 4, 4, 2, 1)
        assert wide(torch.randn(1, 512, 2, 2)).shape == (1, 4, 4, 4)


def test_a_map_too_small_for_the_weights_raises_what_torch_raises() -> None:
    with pytest.raises(RuntimeError, match="Kernel size"):
        WideConv2d(256, 4, 4)(torch.randn(1, 256, 3, 3))


def test_what_torch_takes_or_refuses_is_taken_or_refused() -> None:
    same = WideConv2d(256, 4, 3, padding="same")
    assert same(torch.randn(1, 256, 4, 4)).shape == (1, 4, 4, 4)
    assert WideConv2d(256, 4, 4, 2, 1)(torch.randn(256, 4, 4)).shape == (4, 2, 2)
    assert WideConvTranspose2d(512, 4, 4, 2, 1)(torch.randn(512, 4, 4)).shape == (4, 8, 8)
    with pytest.raises(RuntimeError):
        WideConvTranspose2d(512, 4, 1, 1, 1)(torch.randn(1, 512, 2, 2))


def test_an_exported_network_has_the_convolution_itself() -> None:
    program = torch.export.export(WideConv2d(256, 4, 4, 2, 1), (torch.randn(2, 256, 4, 4),))
    assert "conv2d" in str(program.graph)
    assert "index_select" not in str(program.graph)
    wide = WideConvTranspose2d(512, 4, 4, 2, 1)
    program = torch.export.export(wide, (torch.randn(2, 512, 4, 4),), strict=True)
    assert "conv_transpose2d" in str(program.graph)
    assert "index_add" not in str(program.graph)


def test_wide_generators_and_discriminators_have_them() -> None:
    shape = ImageShape(1, 16, 16, 10)
    generator = TransposedGenerator(shape, CodeOnly(4), (256, 512))
    features = StridedFeatures(shape, (256, 256))
    noise, labels = torch.randn(2, 4), torch.zeros(2, dtype=torch.int64)
    images = generator(noise, labels).detach()
    assert images.shape == (2, 1, 16, 16)
    with mock.patch.object(wide_convolutions, "_under", side_effect=LookupError):
        for network, given in ((generator, (noise, labels)), (features, (images,))):
            with pytest.raises(LookupError):
                network(*given)
